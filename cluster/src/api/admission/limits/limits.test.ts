import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { KubeClient } from '@berth/kube/client';
import { type KubeObject, type PersistentVolumeClaim, type Pod, type Resource, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../../testing.ts';
import { claimViolations, completeByLimits, type LimitRange, limitAnnotation, podViolations } from './limits.ts';

/** What Kubernetes' own plugin does; see golden/README.md. */
const rounds = JSON.parse(gunzipSync(readFileSync(new URL('golden/rounds.json.gz', import.meta.url))).toString()) as {
  range: LimitRange;
  pod?: Pod;
  completed?: Pod;
  claim?: PersistentVolumeClaim;
  violations?: string[];
}[];

test('pods and claims are completed and judged as by Kubernetes', () => {
  let objections = 0;
  for (const [number, { range, pod, completed, claim, violations = [] }] of rounds.entries()) {
    objections += violations.length;
    if (claim) expect(claimViolations(range, claim).sort(), `round ${number}`).toEqual(violations);
    if (!pod || !completed) continue;
    completeByLimits(range, pod);
    // Kubernetes' conversion leaves an empty security context behind.
    delete completed.spec?.securityContext;
    expect(pod, `round ${number}`).toEqual(completed);
    expect(podViolations(range, pod).sort(), `round ${number}`).toEqual(violations);
  }
  expect(objections).toBeGreaterThan(5000);
});

describe('a namespace with limits', () => {
  const limitRanges: Resource<LimitRange> = {
    ...{ group: '', version: 'v1', resource: 'limitranges', kind: 'LimitRange', namespaced: true },
  };
  const namespace = 'default';
  let server: TestApi;
  let admin: KubeClient;

  beforeAll(async () => {
    server = await startTestApi();
    admin = server.api.client({ name: 'root', groups: ['system:masters'] });
    const account: KubeObject = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
    await admin.create(resources.serviceAccounts, account);
    const container = {
      type: 'Container',
      default: { memory: '1Gi' },
      max: { memory: '2Gi' },
      min: { memory: '64Mi' },
    };
    const spec = { limits: [container, { type: 'PersistentVolumeClaim', max: { storage: '5Gi' } }] };
    await admin.create(limitRanges, {
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'limits', namespace },
      spec,
    });
  });
  afterAll(async () => await server[Symbol.asyncDispose]());

  const pod = (name: string, memory?: string): Pod => {
    const limited = memory === undefined ? {} : { resources: { limits: { memory } } };
    const spec = { containers: [{ name: 'main', image: 'example/main:1', ...limited }] };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec };
  };

  test('gives a container that says nothing the defaults, and says so', async () => {
    const made = await admin.create(resources.pods, pod('silent'));
    const memory = '1Gi';
    expect(made.spec?.containers[0]?.resources).toEqual({ limits: { memory }, requests: { memory } });
    const note = 'LimitRanger plugin set: memory request for container main; memory limit for container main';
    expect(made.metadata.annotations?.[limitAnnotation]).toBe(note);
  });

  test('refuses a pod that asks for more, in Kubernetes’ words', async () => {
    await expect(admin.create(resources.pods, pod('large', '3Gi'))).rejects.toMatchObject({
      code: 'Forbidden',
      message: 'pods "large" is forbidden: maximum memory usage per Container is 2Gi, but limit is 3Gi',
    });
  });

  test('refuses a resize beyond it', async () => {
    await admin.create(resources.pods, pod('resized', '1Gi'));
    const containers = [{ name: 'main', resources: { limits: { memory: '4Gi' }, requests: { memory: '1Gi' } } }];
    const patch = { type: 'strategic', body: { spec: { containers } } } as const;
    const resized = admin.patch(resources.pods, { namespace, name: 'resized' }, patch, { subresource: 'resize' });
    await expect(resized).rejects.toThrow(/maximum memory usage per Container is 2Gi, but limit is 4Gi/);
  });

  test('refuses a claim beyond it', async () => {
    const spec = { accessModes: ['ReadWriteOnce' as const], resources: { requests: { storage: '6Gi' } } };
    const metadata = { name: 'data', namespace };
    const claim: PersistentVolumeClaim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec };
    await expect(admin.create(resources.persistentVolumeClaims, claim)).rejects.toThrow(
      'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 5Gi, but request is 6Gi',
    );
  });
});
