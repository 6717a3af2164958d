import { type Fields, part, parts, text } from '../fields.ts';

/** Where `autoscaling/v1`, which knows CPU only, keeps what it has no fields for. */
const kept = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
};

/** `autoscaling/v1` from `autoscaling/v2`. The target of CPU utilization is a field, the rest JSON in annotations. */
export function autoscalerToV1(autoscaler: Fields): Fields {
  const { behavior, ...spec } = part(autoscaler, 'spec') ?? {};
  const { currentMetrics, conditions, ...status } = part(autoscaler, 'status') ?? {};
  const metrics = parts(spec, 'metrics');
  delete spec.metrics;
  const cpu = metrics.find(isCpuUtilization);
  if (cpu !== undefined)
    spec.targetCPUUtilizationPercentage = part(part(cpu, 'resource'), 'target')?.averageUtilization;
  const current = parts({ currentMetrics }, 'currentMetrics');
  const currentCpu = current.find((metric) => metric.type === 'Resource' && part(metric, 'resource')?.name === 'cpu');
  const utilization = part(part(currentCpu, 'resource'), 'current')?.averageUtilization;
  if (utilization !== undefined) status.currentCPUUtilizationPercentage = utilization;
  const others = metrics.filter((metric) => metric !== cpu).map(metricToV1);
  const annotations = {
    ...part(part(autoscaler, 'metadata'), 'annotations'),
    ...(others.length > 0 ? { [kept.metrics]: JSON.stringify(others) } : {}),
    ...(behavior === undefined ? {} : { [kept.behavior]: JSON.stringify(behavior) }),
    ...(current.length > 0 ? { [kept.currentMetrics]: JSON.stringify(current) } : {}),
    ...(conditions === undefined ? {} : { [kept.conditions]: JSON.stringify(conditions) }),
  };
  return assemble(autoscaler, annotations, spec, status);
}

/** `autoscaling/v2` from `autoscaling/v1`. Annotations that are not the JSON they should be are left as they are. */
export function autoscalerFromV1(autoscaler: Fields): Fields {
  const { targetCPUUtilizationPercentage: target, ...spec } = part(autoscaler, 'spec') ?? {};
  const { currentCPUUtilizationPercentage, ...status } = part(autoscaler, 'status') ?? {};
  const annotations = { ...part(part(autoscaler, 'metadata'), 'annotations') };
  const take = (name: string): unknown => {
    const value = parsed(text(annotations, name));
    if (value !== undefined) delete annotations[name];
    return value;
  };
  const others = parts({ metrics: take(kept.metrics) }, 'metrics').map(metricFromV1);
  const cpu = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: target } },
  };
  const metrics = [...others, ...(target === undefined ? [] : [cpu])];
  if (metrics.length > 0) spec.metrics = metrics;
  const behavior = take(kept.behavior);
  if (behavior !== undefined) spec.behavior = behavior;
  const current = take(kept.currentMetrics);
  if (current !== undefined) status.currentMetrics = current;
  const conditions = take(kept.conditions);
  if (conditions !== undefined) status.conditions = conditions;
  return assemble(autoscaler, annotations, spec, status);
}

function assemble(autoscaler: Fields, annotations: Fields, spec: Fields, status: Fields): Fields {
  const { annotations: _, ...metadata } = part(autoscaler, 'metadata') ?? {};
  const annotated = Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
  const result: Fields = { ...autoscaler, metadata: annotated, spec };
  if (autoscaler.status !== undefined) result.status = status;
  return result;
}

function isCpuUtilization(metric: Fields): boolean {
  const resource = part(metric, 'resource');
  return metric.type === 'Resource' && resource?.name === 'cpu' && part(resource, 'target')?.type === 'Utilization';
}

/** The source of a metric under the field named after its type: `Pods` → `pods`. */
function sourceOf(metric: Fields): { field: string; source: Fields } {
  const type = text(metric, 'type') ?? '';
  const field = type.charAt(0).toLowerCase() + type.slice(1);
  return { field, source: part(metric, field) ?? {} };
}

function metricToV1(metric: Fields): Fields {
  const { field, source } = sourceOf(metric);
  const { metric: identifier, target, describedObject, ...rest } = source;
  const aim = part(source, 'target') ?? {};
  const flat: Fields = { ...rest };
  const named = part(source, 'metric');
  if (named !== undefined) {
    flat.metricName = named.name;
    if (named.selector !== undefined) flat[field === 'external' ? 'metricSelector' : 'selector'] = named.selector;
  }
  if (describedObject !== undefined) flat.target = describedObject;
  if (aim.averageUtilization !== undefined) flat.targetAverageUtilization = aim.averageUtilization;
  if (aim.averageValue !== undefined)
    flat[field === 'object' ? 'averageValue' : 'targetAverageValue'] = aim.averageValue;
  if (aim.value !== undefined) flat.targetValue = aim.value;
  return { type: metric.type, [field]: flat };
}

function metricFromV1(metric: Fields): Fields {
  const { field, source } = sourceOf(metric);
  const {
    metricName,
    selector,
    metricSelector,
    targetAverageUtilization,
    targetAverageValue,
    targetValue,
    averageValue,
    target,
    ...rest
  } = source;
  const full: Fields = { ...rest };
  if (metricName !== undefined) {
    const chosen = selector ?? metricSelector;
    full.metric = chosen === undefined ? { name: metricName } : { name: metricName, selector: chosen };
  }
  if (field === 'object' && target !== undefined) full.describedObject = target;
  const average = targetAverageValue ?? averageValue;
  if (targetAverageUtilization !== undefined)
    full.target = { type: 'Utilization', averageUtilization: targetAverageUtilization };
  else if (average !== undefined) full.target = { type: 'AverageValue', averageValue: average };
  else if (targetValue !== undefined) full.target = { type: 'Value', value: targetValue };
  return { type: metric.type, [field]: full };
}

function parsed(json: string | undefined): unknown {
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
