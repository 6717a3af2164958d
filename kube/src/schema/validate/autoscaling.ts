import { isQuantity, parseQuantity } from '../../quantity/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { dnsLabel, pathSegment } from './names.ts';
import type { Problems } from './problems.ts';
import { validateContainerResourceName } from './resources.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

/** What is scaled, how far, by which measurements and how fast. */
export const validateHorizontalPodAutoscaler: Rule = (object, problems) => {
  const spec = part(object, 'spec') ?? {};
  const { minReplicas: least = 1, maxReplicas: most } = spec;
  if (typeof least === 'number' && least < 1)
    problems.invalid('spec.minReplicas', least, 'must be greater than or equal to 1');
  if (typeof most !== 'number' || most < 1) problems.invalid('spec.maxReplicas', most ?? 0, 'must be greater than 0');
  if (typeof least === 'number' && (typeof most === 'number' ? most : 0) < least) {
    problems.invalid('spec.maxReplicas', most ?? 0, 'must be greater than or equal to `minReplicas`');
  }
  validateReference(part(spec, 'scaleTargetRef'), 'spec.scaleTargetRef', problems);
  const percent = spec.targetCPUUtilizationPercentage;
  if (typeof percent === 'number') utilization(percent, 'spec.metrics[0].resource.target.averageUtilization', problems);
  parts(spec, 'metrics').forEach((metric, index) => {
    validateMetric(metric, `spec.metrics[${index}]`, problems);
  });
  const scalesToNothing = parts(spec, 'metrics').some(({ type }) => type === 'Object' || type === 'External');
  if (least === 0 && !scalesToNothing) {
    problems.forbidden(
      'spec.metrics',
      'must specify at least one Object or External metric to support scaling to zero replicas',
    );
  }
  const behavior = part(spec, 'behavior');
  for (const direction of ['scaleUp', 'scaleDown']) {
    const rules = part(behavior, direction);
    if (rules !== undefined) validateScaling(rules, `spec.behavior.${direction}`, problems);
  }
};

function validateReference(reference: Fields | undefined, at: string, problems: Problems): void {
  for (const field of ['kind', 'name']) {
    const value = text(reference, field) ?? '';
    if (value === '') problems.required(`${at}.${field}`);
    else for (const message of pathSegment(value)) problems.invalid(`${at}.${field}`, value, message);
  }
  const version = text(reference, 'apiVersion') ?? '';
  // Only the one kind of the core group that scales, and what is described, may do without a group.
  const core = version === 'v1' || (version === '' && reference?.kind === 'ReplicationController');
  if (at.endsWith('scaleTargetRef') && !version.includes('/') && !core) {
    problems.invalid(`${at}.apiVersion`, version, 'apiVersion must specify API group');
  }
}

function utilization(value: number, at: string, problems: Problems): void {
  if (value < 1) problems.invalid(at, value, 'must be greater than 0');
}

const sources: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

function validateMetric(metric: Fields, at: string, problems: Problems): void {
  const type = text(metric, 'type') ?? '';
  if (type === '') problems.required(`${at}.type`, 'must specify a metric source type');
  const field = Object.hasOwn(sources, type) ? sources[type] : undefined;
  if (field === undefined) {
    problems.twice((found) => found.unsupported(`${at}.type`, type, Object.keys(sources)));
    return;
  }
  const source = part(metric, field);
  for (const other of Object.values(sources)) {
    if (other !== field && metric[other] !== undefined)
      problems.forbidden(`${at}.${other}`, 'must populate the given metric source only');
  }
  if (source === undefined) {
    problems.required(`${at}.${field}`, 'must populate information for the given metric source');
    return;
  }
  const path = `${at}.${field}`;
  const target = part(source, 'target');
  if (field === 'object') validateReference(part(source, 'describedObject'), `${path}.describedObject`, problems);
  if (field === 'resource' || field === 'containerResource') {
    validateResourceMetric(source, path, field === 'containerResource', problems);
    return;
  }
  const metricName = text(part(source, 'metric'), 'name') ?? '';
  if (metricName === '') problems.required(`${path}.metric.name`, 'must specify a metric name');
  else for (const message of pathSegment(metricName)) problems.invalid(`${path}.metric.name`, metricName, message);
  validateTarget(target, `${path}.target`, problems);
  const [value, average] = [target?.value, target?.averageValue];
  if (field === 'pods') {
    if (average === undefined)
      problems.required(`${path}.target.averageValue`, 'must specify a positive target averageValue');
  } else if (value === undefined && average === undefined) {
    problems.required(
      `${path}.target.averageValue`,
      field === 'object'
        ? 'must set either a target value or averageValue'
        : 'must set either a target value for metric or a per-pod target',
    );
  } else if (field === 'external' && value !== undefined && average !== undefined) {
    problems.forbidden(`${path}.target.value`, 'may not set both a target value for metric and a per-pod target');
  }
}

function validateResourceMetric(source: Fields, at: string, ofContainer: boolean, problems: Problems): void {
  const name = text(source, 'name') ?? '';
  if (name === '') problems.required(`${at}.name`, 'must specify a resource name');
  else if (ofContainer) validateContainerResourceName(name, `${at}.name`, problems);
  if (ofContainer) {
    const container = text(source, 'container') ?? '';
    if (container === '') problems.required(`${at}.container`, 'must specify a container');
    else for (const message of dnsLabel(container)) problems.invalid(`${at}.container`, container, message);
  }
  const target = part(source, 'target');
  validateTarget(target, `${at}.target`, problems);
  const [percent, average] = [target?.averageUtilization, target?.averageValue];
  if (percent === undefined && average === undefined) {
    problems.required(`${at}.target.averageUtilization`, 'must set either a target raw value or a target utilization');
  } else if (percent !== undefined && average !== undefined) {
    problems.forbidden(`${at}.target.averageValue`, 'may not set both a target raw value and a target utilization');
  }
}

const targetTypes = ['Utilization', 'Value', 'AverageValue'];

function validateTarget(target: Fields | undefined, at: string, problems: Problems): void {
  const type = text(target, 'type') ?? '';
  if (type === '') problems.required(`${at}.type`, 'must specify a metric target type');
  if (!targetTypes.includes(type)) {
    problems.invalid(`${at}.type`, type, 'must be either Utilization, Value, or AverageValue');
  }
  for (const field of ['value', 'averageValue']) {
    const value = target?.[field];
    if (isQuantity(value) && parseQuantity(value).nanos <= 0n)
      problems.invalid(`${at}.${field}`, String(value), 'must be positive');
  }
  const percent = target?.averageUtilization;
  if (typeof percent === 'number') utilization(percent, `${at}.averageUtilization`, problems);
}

const policies = ['Disabled', 'Max', 'Min'];

function validateScaling(rules: Fields, at: string, problems: Problems): void {
  const window = rules.stabilizationWindowSeconds;
  if (typeof window === 'number' && window < 0)
    problems.invalid(`${at}.stabilizationWindowSeconds`, window, 'must be greater than or equal to zero');
  if (typeof window === 'number' && window > 3600) {
    problems.invalid(`${at}.stabilizationWindowSeconds`, window, 'must be less than or equal to 3600');
  }
  const select = text(rules, 'selectPolicy');
  if (select !== undefined && !policies.includes(select)) problems.unsupported(`${at}.selectPolicy`, select, policies);
  const list = parts(rules, 'policies');
  if (list.length === 0) problems.required(`${at}.policies`, 'must specify at least one Policy');
  list.forEach((policy, index) => {
    const path = `${at}.policies[${index}]`;
    const type = text(policy, 'type') ?? '';
    if (type !== 'Percent' && type !== 'Pods') problems.unsupported(`${path}.type`, type, ['Percent', 'Pods']);
    for (const field of ['value', 'periodSeconds']) {
      const value = policy[field] ?? 0;
      if (typeof value === 'number' && value <= 0)
        problems.invalid(`${path}.${field}`, value, 'must be greater than zero');
    }
    if (typeof policy.periodSeconds === 'number' && policy.periodSeconds > 1800) {
      problems.invalid(`${path}.periodSeconds`, policy.periodSeconds, 'must be less than or equal to 1800');
    }
  });
}
