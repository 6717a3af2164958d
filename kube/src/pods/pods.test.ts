import type { Pod } from '@berth/kube/objects';
import { describe, expect, test } from 'vitest';
import { podResources, qosClassOf, qosOf, whole } from './index.ts';

const both = { cpu: '1', memory: '1Gi' };
const pod = (spec: object, status: object = {}) => ({ spec, status }) as unknown as Pod;
const of = (...resources: object[]) => ({
  containers: resources.map((each, at) => ({ name: `c${at}`, resources: each })),
});

// What `ComputePodQOS` of Kubernetes v1.35 makes of them.
test.each([
  ['nothing said', of({}), 'BestEffort'],
  ['only zeros', of({ requests: { cpu: '0', memory: 0 } }), 'BestEffort'],
  ['only other resources', of({ limits: { 'example.com/card': '1' } }), 'BestEffort'],
  ['a request', of({ requests: { cpu: '100m' } }), 'Burstable'],
  ['limits and as much requested', of({ requests: { cpu: '1000m', memory: '1024Mi' }, limits: both }), 'Guaranteed'],
  ['a request of zero under a limit', of({ requests: { cpu: '0', memory: '1Gi' }, limits: both }), 'Burstable'],
  ['one container of two', of({ requests: both, limits: both }, {}), 'Burstable'],
  [
    'an init container that asks less',
    { ...of({ requests: both, limits: both }), initContainers: [{ name: 'i' }] },
    'Burstable',
  ],
  [
    'the pod, whatever its containers say',
    { ...of({ requests: { cpu: '1' } }), resources: { requests: both, limits: both } },
    'Guaranteed',
  ],
  [
    'the pod, which limits nothing',
    { ...of({ requests: both, limits: both }), resources: { requests: both } },
    'Burstable',
  ],
  ['the pod, which limits one', { ...of(), resources: { requests: both, limits: { cpu: '1' } } }, 'Burstable'],
  [
    'a pod that says nothing, over containers that do',
    { ...of({ requests: both, limits: both }), resources: {} },
    'BestEffort',
  ],
])('quality of service: %s', (_, spec, expected) => {
  expect(qosClassOf(pod(spec))).toBe(expected);
});

test('the quality of service in the status stays', () => {
  expect(qosOf(pod(of({}), { qosClass: 'Guaranteed' }))).toBe('Guaranteed');
  expect(qosOf(pod(of({})))).toBe('BestEffort');
});

describe('what a pod asks for', () => {
  const asks = (spec: object, status: object = {}) => podResources(pod(spec, status), 'requests', whole);
  const container = (cpu: string, more: object = {}) => ({ name: 'c', resources: { requests: { cpu } }, ...more });

  test('is the sum of what runs at once, or the most that ever does', () => {
    expect(asks({ containers: [container('1'), container('2')] })).toEqual({ cpu: 3000 });
    expect(asks({ containers: [container('1')], initContainers: [container('4')] })).toEqual({ cpu: 4000 });
    const sidecar = container('1', { restartPolicy: 'Always' });
    expect(asks({ containers: [container('1')], initContainers: [container('4'), sidecar] })).toEqual({ cpu: 4000 });
    expect(asks({ containers: [container('1')], initContainers: [sidecar, container('4')] })).toEqual({ cpu: 5000 });
  });

  test('is what the pod as a whole says of what it can', () => {
    const resources = { requests: { cpu: '1', 'example.com/card': '7' } };
    expect(asks({ containers: [container('3')], resources })).toEqual({ cpu: 1000 });
  });

  test('is the larger of what is asked and had while that is changed, unless it cannot be', () => {
    const containerStatuses = [{ name: 'c', resources: { requests: { cpu: '2' } }, allocatedResources: { cpu: '1' } }];
    expect(asks({ containers: [container('3')] }, { containerStatuses })).toEqual({ cpu: 3000 });
    const conditions = [{ type: 'PodResizePending', reason: 'Infeasible' }];
    expect(asks({ containers: [container('3')] }, { containerStatuses, conditions })).toEqual({ cpu: 2000 });
  });
});
