import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../objects/index.ts';
import { convertObject, decodeObject, kindForObject, kinds, storedAs } from '../index.ts';

function kind(apiVersion: string, name: string) {
  const found = kindForObject(apiVersion, name);
  if (found === undefined) throw new Error(`no kind ${name}`);
  return found;
}

const v1 = kind('autoscaling/v1', 'HorizontalPodAutoscaler');
const v2 = kind('autoscaling/v2', 'HorizontalPodAutoscaler');

const autoscaler: KubeObject = {
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'a', annotations: { mine: 'x' } },
  spec: {
    scaleTargetRef: { kind: 'Deployment', name: 'd' },
    maxReplicas: 3,
    metrics: [
      { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
      {
        type: 'Pods',
        pods: {
          metric: { name: 'rps', selector: { matchLabels: { a: 'b' } } },
          target: { type: 'AverageValue', averageValue: '10' },
        },
      },
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Ingress', name: 'i' },
          metric: { name: 'rps' },
          target: { type: 'Value', value: '1k' },
        },
      },
      {
        type: 'External',
        external: {
          metric: { name: 'q', selector: { matchLabels: { q: '1' } } },
          target: { type: 'Value', value: '5' },
        },
      },
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 50 } },
      },
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
    ],
    behavior: { scaleDown: { stabilizationWindowSeconds: 60 } },
  },
  status: {
    currentReplicas: 1,
    desiredReplicas: 2,
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '1' } } },
    ],
    conditions: [{ type: 'AbleToScale', status: 'True' }],
  },
};

describe('conversion', () => {
  it('shows an autoscaler in the older shape, and brings it back whole', () => {
    const older = convertObject(autoscaler, v1);
    expect(older).toMatchObject({
      apiVersion: 'autoscaling/v1',
      spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 70 },
      status: { currentReplicas: 1, currentCPUUtilizationPercentage: 40 },
    });
    expect(JSON.parse(older.metadata.annotations?.['autoscaling.alpha.kubernetes.io/metrics'] ?? '')[1]).toEqual({
      type: 'Pods',
      pods: { metricName: 'rps', selector: { matchLabels: { a: 'b' } }, targetAverageValue: '10' },
    });
    expect(decodeObject(v1, older, { mode: 'Strict' }).warnings).toEqual([]);
    expect(convertObject(older, v2)).toEqual(autoscaler);
  });

  it('takes what an older client writes', () => {
    const older = {
      apiVersion: 'autoscaling/v1',
      kind: v1.kind,
      metadata: { name: 'a' },
      spec: { maxReplicas: 3, targetCPUUtilizationPercentage: 60 },
    };
    expect(convertObject(older, v2)).toEqual({
      apiVersion: 'autoscaling/v2',
      kind: v2.kind,
      metadata: { name: 'a' },
      spec: {
        maxReplicas: 3,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
        ],
      },
    });
  });

  it('gives events their other names and back', () => {
    const core = kind('v1', 'Event');
    const newer = kind('events.k8s.io/v1', 'Event');
    const event: KubeObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'p' },
      reason: 'Started',
      message: 'it started',
      source: { component: 'kubelet' },
      count: 2,
      reportingComponent: 'kubelet',
      type: 'Normal',
    };
    const other = convertObject(event, newer);
    expect(other).toMatchObject({
      regarding: { name: 'p' },
      note: 'it started',
      deprecatedCount: 2,
      reportingController: 'kubelet',
    });
    expect(decodeObject(newer, other, { mode: 'Strict' }).warnings).toEqual([]);
    expect(convertObject(other, core)).toEqual(event);
    expect(convertObject(event, core)).toBe(event);
  });

  it('stores every kind as itself but two', () => {
    expect(kinds.filter((each) => storedAs(each) !== each).map((each) => `${each.group} ${each.version}`)).toEqual([
      'events.k8s.io v1',
      'autoscaling v1',
    ]);
  });
});
