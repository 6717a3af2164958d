import type { KubeObject } from '@berth/kube/objects';

/** What `autoscaling/v1` has no field for travels in these annotations, as JSON of v2. */
const annotation = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
} as const;

interface Metric {
  type: string;
  resource?: {
    name: string;
    target?: { type: string; averageUtilization?: number };
    current?: { averageUtilization?: number };
  };
}
type Fields = Record<string, unknown>;

export function autoscalerToV2(autoscaler: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: percent, ...spec } = (autoscaler.spec ?? {}) as Fields;
  const { currentCPUUtilizationPercentage: current, currentReplicas, ...rest } = (autoscaler.status ?? {}) as Fields;
  // v2 leaves a zero out that v1 writes.
  const status: Fields = currentReplicas ? { currentReplicas, ...rest } : rest;
  const annotations = { ...autoscaler.metadata.annotations };
  const take = (name: string): unknown => {
    const text = annotations[name];
    delete annotations[name];
    try {
      return text === undefined ? undefined : JSON.parse(text);
    } catch {
      return undefined;
    }
  };
  const cpu = (key: string, value: unknown, type?: string) =>
    value === undefined
      ? []
      : [
          {
            type: 'Resource',
            resource: { name: 'cpu', [key]: { ...(type ? { type } : {}), averageUtilization: value } },
          },
        ];
  const metrics = [...listOf(take(annotation.metrics)), ...cpu('target', percent, 'Utilization')];
  const behavior = take(annotation.behavior);
  const currentMetrics = [...listOf(take(annotation.currentMetrics)), ...cpu('current', current)];
  const conditions = take(annotation.conditions);
  return {
    ...autoscaler,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(autoscaler, annotations),
    spec: { ...spec, ...(metrics.length > 0 ? { metrics } : {}), ...(behavior ? { behavior } : {}) },
    status: {
      ...status,
      ...(currentMetrics.length > 0 ? { currentMetrics } : {}),
      ...(conditions ? { conditions } : {}),
    },
  };
}

export function autoscalerToV1(autoscaler: KubeObject): KubeObject {
  const { metrics, behavior, ...spec } = (autoscaler.spec ?? {}) as Fields;
  const { currentMetrics, conditions, ...status } = (autoscaler.status ?? {}) as Fields;
  const annotations = { ...autoscaler.metadata.annotations };
  const put = (name: string, value: unknown) => {
    if (value !== undefined && (!Array.isArray(value) || value.length > 0)) annotations[name] = JSON.stringify(value);
  };
  const isCpu = (metric: Metric) =>
    metric.resource?.name === 'cpu' &&
    (metric.resource.target ?? metric.resource.current)?.averageUtilization !== undefined;
  const wanted = listOf(metrics).find(isCpu);
  const measured = listOf(currentMetrics).find(isCpu);
  put(
    annotation.metrics,
    listOf(metrics).filter((metric) => metric !== wanted),
  );
  put(
    annotation.currentMetrics,
    listOf(currentMetrics).filter((metric) => metric !== measured),
  );
  put(annotation.behavior, behavior);
  put(annotation.conditions, conditions);
  const percent = wanted?.resource?.target?.averageUtilization;
  const current = measured?.resource?.current?.averageUtilization;
  return {
    ...autoscaler,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(autoscaler, annotations),
    spec: { ...spec, ...(percent === undefined ? {} : { targetCPUUtilizationPercentage: percent }) },
    status: {
      currentReplicas: 0,
      ...status,
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    },
  };
}

function listOf(value: unknown): Metric[] {
  return Array.isArray(value) ? (value as Metric[]) : [];
}

function withAnnotations(object: KubeObject, annotations: Record<string, string>): KubeObject['metadata'] {
  const { annotations: _, ...metadata } = object.metadata;
  return Object.keys(annotations).length > 0 ? { ...metadata, annotations } : metadata;
}
