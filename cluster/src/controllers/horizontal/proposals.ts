import { cpuMillis, formatQuantity } from '@berth/kube/quantity';
import type { LabelSelectorObject } from '@berth/kube/selectors';
import type { PathApi } from './api.ts';
import { externalMetric, objectMetric, podMetrics, resourceMetrics } from './metrics.ts';
import { MetricsError } from './problem.ts';
import {
  forAverage,
  forShare,
  forUtilization,
  forWhole,
  type PodMetrics,
  type Proposal,
  type Scope,
} from './replicas.ts';
import type { MetricSpec, MetricStatus } from './types.ts';

/** What was told of one metric: a figure for each pod, one about the whole, or why none. */
export type Measured = { pods: PodMetrics } | { whole: number } | { problem: string };

/** Asks for what a metric of an autoscaler is about. */
export async function measure(api: PathApi, namespace: string, selector: string, spec: MetricSpec): Promise<Measured> {
  try {
    const { resource, containerResource, pods, object, external } = spec;
    if (resource) return { pods: await resourceMetrics(api, namespace, selector, resource.name, undefined) };
    if (containerResource) {
      const { name, container } = containerResource;
      return { pods: await resourceMetrics(api, namespace, selector, name, container) };
    }
    if (pods) return { pods: await podMetrics(api, namespace, selector, pods.metric) };
    if (object) return { whole: await objectMetric(api, namespace, object.describedObject, object.metric) };
    if (external) return { whole: await externalMetric(api, namespace, external.metric) };
    return { problem: '' };
  } catch (error) {
    if (!(error instanceof MetricsError)) throw error;
    return { problem: error.message };
  }
}

export interface MetricProposal {
  replicas: number;
  /** The metric, as events tell of it. */
  name: string;
  status: MetricStatus;
}

export interface MetricProblem {
  /** Of the event and the condition. */
  reason: string;
  error: string;
  /** The error as it is told of among all metrics. */
  told: string;
}

interface Context extends Scope {
  namespace: string;
  /** Replicas as the scale's status has them. */
  running: number;
}

/** How many replicas one metric asks for. */
export function proposalOf(spec: MetricSpec, measured: Measured, context: Context): MetricProposal | MetricProblem {
  const kind = kindOf(spec);
  try {
    if (kind === undefined) throw new MetricsError(`unknown metric source type ${JSON.stringify(spec.type)}`);
    return kind.propose(measured, context);
  } catch (error) {
    if (!(error instanceof MetricsError)) throw error;
    const { message } = error;
    if (kind === undefined) return { reason: 'InvalidMetricSourceType', error: message, told: message };
    return { reason: kind.reason, error: message, told: `${kind.failed}: ${message}` };
  }
}

interface Kind {
  reason: string;
  failed: string;
  propose(measured: Measured, context: Context): MetricProposal;
}

function kindOf(spec: MetricSpec): Kind | undefined {
  const { type, resource, containerResource, pods, object, external } = spec;
  if (type === 'Resource' && resource) {
    return {
      reason: 'FailedGetResourceMetric',
      failed: `failed to get ${resource.name} resource metric value`,
      propose(measured, context) {
        const { name, current, replicas } = ofResource(resource, undefined, measured, context);
        return { replicas, name, status: { type: 'Resource', resource: { name: resource.name, current } } };
      },
    };
  }
  if (type === 'ContainerResource' && containerResource) {
    const { name: resourceName, container } = containerResource;
    return {
      reason: 'FailedGetContainerResourceMetric',
      failed: `failed to get ${container} container metric value`,
      propose(measured, context) {
        const { name, current, replicas } = ofResource(containerResource, container, measured, context);
        const status = { type: 'ContainerResource', containerResource: { name: resourceName, container, current } };
        return { replicas, name, status };
      },
    };
  }
  if (type === 'Pods' && pods) return ofPods(pods);
  if (type === 'Object' && object) return ofObject(object);
  if (type === 'External' && external) return ofExternal(external);
  return undefined;
}

function ofResource(
  source: { name: string; target: MetricTarget },
  container: string | undefined,
  measured: Measured,
  context: Context,
) {
  const { name, target } = source;
  const figures = () => podsOf(measured, `unable to get metrics for resource ${name}: `);
  const format = name === 'memory' ? 'BinarySI' : 'DecimalSI';
  if (target.averageValue !== undefined) {
    const average = cpuMillis(target.averageValue);
    const { replicas, usage } = within(`failed to get ${name} usage: `, () =>
      forAverage(figures(), average, name, context),
    );
    return { replicas, name: `${name} resource`, current: { averageValue: quantity(usage, format) } };
  }
  const { averageUtilization: percent } = target;
  if (percent === undefined) {
    throw new MetricsError(
      'invalid resource metric source: neither an average utilization target nor an average value (usage) target was set',
    );
  }
  const { replicas, usage, utilization } = within(`failed to get ${name} utilization: `, () =>
    forUtilization(figures(), { percent, resource: name, container }, context),
  );
  return {
    replicas,
    name: `${name} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`,
    current: { averageUtilization: utilization ?? 0, averageValue: quantity(usage, format) },
  };
}

type MetricTarget = NonNullable<MetricSpec['resource']>['target'];

function ofPods({ metric, target }: NonNullable<MetricSpec['pods']>): Kind {
  return {
    reason: 'FailedGetPodsMetric',
    failed: 'failed to get pods metric value',
    propose(measured, context) {
      const figures = podsOf(measured, `unable to get metric ${metric.name}: `);
      const { replicas, usage } = forAverage(figures, cpuMillis(target.averageValue), '', context);
      const current = { averageValue: quantity(usage, 'DecimalSI') };
      return { replicas, name: `pods metric ${metric.name}`, status: { type: 'Pods', pods: { metric, current } } };
    },
  };
}

function ofObject({ metric, target, describedObject }: NonNullable<MetricSpec['object']>): Kind {
  return {
    reason: 'FailedGetObjectMetric',
    failed: 'failed to get object metric value',
    propose(measured, context) {
      const { kind, name } = describedObject;
      const value = () => {
        const after = ` on ${kind} ${context.namespace}/${name}`;
        return wholeOf(measured, `unable to get metric ${metric.name}: `, after);
      };
      if (target.type === 'Value' && target.value !== undefined) {
        const { replicas, usage } = forWhole(value(), cpuMillis(target.value), context);
        const status = { type: 'Object', object: { metric, describedObject, current: { value: quantity(usage) } } };
        return { replicas, name: `${kind} metric ${metric.name}`, status };
      }
      if (target.type === 'AverageValue' && target.averageValue !== undefined) {
        const share = cpuMillis(target.averageValue);
        const { replicas, usage } = within(`failed to get ${metric.name} object metric: `, () =>
          forShare(value(), share, context.running, context.tolerances),
        );
        const current = { averageValue: quantity(usage) };
        return {
          replicas,
          name: externalName(metric),
          status: { type: 'Object', object: { metric, describedObject, current } },
        };
      }
      throw new MetricsError(
        'invalid object metric source: neither a value target nor an average value target was set',
      );
    },
  };
}

function ofExternal({ metric, target }: NonNullable<MetricSpec['external']>): Kind {
  return {
    reason: 'FailedGetExternalMetric',
    failed: `failed to get ${metric.name} external metric value`,
    propose(measured, context) {
      const where = `${context.namespace}/${metric.name}/${selectorText(metric.selector)}`;
      const value = () => wholeOf(measured, `unable to get external metric ${where}: `);
      const { averageValue, value: whole } = target;
      const done = ({ replicas }: Proposal, current: { averageValue: string } | { value: string }) => ({
        replicas,
        name: externalName(metric),
        status: { type: 'External', external: { metric, current } },
      });
      if (averageValue !== undefined) {
        const proposal = within(`failed to get ${metric.name} external metric: `, () =>
          forShare(value(), cpuMillis(averageValue), context.running, context.tolerances),
        );
        return done(proposal, { averageValue: quantity(proposal.usage) });
      }
      if (whole !== undefined) {
        const proposal = within(`failed to get external metric ${metric.name}: `, () =>
          forWhole(value(), cpuMillis(whole), context),
        );
        return done(proposal, { value: quantity(proposal.usage) });
      }
      throw new MetricsError(
        'invalid external metric source: neither a value target nor an average value target was set',
      );
    },
  };
}

function podsOf(measured: Measured, before: string): PodMetrics {
  if ('pods' in measured) return measured.pods;
  throw new MetricsError(`${before}${'problem' in measured ? measured.problem : ''}`);
}

function wholeOf(measured: Measured, before: string, after = ''): number {
  if ('whole' in measured) return measured.whole;
  throw new MetricsError(`${before}${'problem' in measured ? measured.problem : ''}${after}`);
}

/** The same failure, told with what failed for it. */
function within<T>(before: string, compute: () => T): T {
  try {
    return compute();
  } catch (error) {
    if (error instanceof MetricsError) throw new MetricsError(`${before}${error.message}`);
    throw error;
  }
}

function quantity(thousandths: number, format: 'BinarySI' | 'DecimalSI' = 'DecimalSI'): string {
  return formatQuantity({ nanos: BigInt(thousandths) * 1_000_000n, format });
}

function externalName({ name, selector }: { name: string; selector?: LabelSelectorObject }): string {
  return `external metric ${name}(${selectorText(selector)})`;
}

/** As Go prints the selector of an API object. */
function selectorText(selector: LabelSelectorObject | undefined): string {
  if (selector === undefined) return 'nil';
  const labels = Object.entries(selector.matchLabels ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}: ${value},`);
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values = [] }) =>
      `LabelSelectorRequirement{Key:${key},Operator:${operator},Values:[${values.join(' ')}],},`,
  );
  const list = `[]LabelSelectorRequirement{${expressions.join('')}}`;
  return `&LabelSelector{MatchLabels:map[string]string{${labels.join('')}},MatchExpressions:${list},}`;
}
