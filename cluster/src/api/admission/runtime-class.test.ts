import type { KubeClient } from '@berth/kube/client';
import { type Pod, type PodSpec, type RuntimeClass, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

let server: TestApi;
let admin: KubeClient;

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  const metadata = { name: 'default', namespace: 'default' };
  await admin.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await runtimeClass('plain', {});
  await runtimeClass('heavy', { overhead: { podFixed: { cpu: '10m', memory: '1Mi' } } });
  const tolerations: NonNullable<PodSpec['tolerations']> = [
    { key: 'sandboxed', operator: 'Exists' },
    { key: 'other', operator: 'Equal', value: 'yes', effect: 'NoSchedule' },
  ];
  await runtimeClass('elsewhere', { scheduling: { nodeSelector: { sandboxed: 'yes' }, tolerations } });
});
afterAll(async () => await server[Symbol.asyncDispose]());

const runtimeClass = (name: string, more: Partial<RuntimeClass>) =>
  admin.create(resources.runtimeClasses, {
    ...{ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name } },
    ...{ handler: 'runc', ...more },
  });

let made = 0;
const pod = (spec: Partial<PodSpec>): Promise<Pod> =>
  admin.create(resources.pods, {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${made++}`, namespace: 'default' } },
    spec: { containers: [{ name: 'main', image: 'example/main:1' }], ...spec },
  });

const refused = (message: string) => ({
  code: 'Forbidden',
  message: expect.stringMatching(`is forbidden: ${message}$`),
});

test('a class that is not there, or no more, is refused', async () => {
  const missing = refused('pod rejected: RuntimeClass "gone" not found');
  await expect(pod({ runtimeClassName: 'gone' })).rejects.toMatchObject(missing);
  await runtimeClass('gone', {});
  expect((await pod({ runtimeClassName: 'gone' })).spec?.runtimeClassName).toBe('gone');
  await admin.delete(resources.runtimeClasses, { name: 'gone' });
  await expect(pod({ runtimeClassName: 'gone' })).rejects.toMatchObject(missing);
});

test('what the runtime takes is added to the pod, which may say the same and nothing else', async () => {
  const podFixed = { cpu: '10m', memory: '1Mi' };
  expect((await pod({ runtimeClassName: 'plain' })).spec?.overhead).toBeUndefined();
  expect((await pod({ runtimeClassName: 'heavy' })).spec?.overhead).toEqual(podFixed);
  const same = { cpu: '0.01', memory: '1024Ki' };
  expect((await pod({ runtimeClassName: 'heavy', overhead: same })).spec?.overhead).toEqual(podFixed);
  const other = pod({ runtimeClassName: 'heavy', overhead: { cpu: '20m', memory: '1Mi' } });
  await expect(other).rejects.toMatchObject(
    refused("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
  );
  const alone = refused('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead');
  await expect(pod({ overhead: podFixed })).rejects.toMatchObject(alone);
  await expect(pod({ runtimeClassName: 'plain', overhead: podFixed })).rejects.toMatchObject(alone);
});

test('where the runtime is, and what it tolerates, is joined with what the pod says', async () => {
  const narrow = { key: 'sandboxed', operator: 'Equal', value: 'a', effect: 'NoSchedule' } as const;
  const { spec } = await pod({
    ...{ runtimeClassName: 'elsewhere', nodeSelector: { disk: 'ssd' } },
    tolerations: [narrow, { key: 'mine', operator: 'Exists' }],
  });
  expect(spec?.nodeSelector).toEqual({ disk: 'ssd', sandboxed: 'yes' });
  // The pod's own narrower one goes.
  expect(spec?.tolerations?.map(({ key, value }) => [key, value])).toEqual([
    ['mine', undefined],
    ['node.kubernetes.io/not-ready', undefined],
    ['node.kubernetes.io/unreachable', undefined],
    ['sandboxed', undefined],
    ['other', 'yes'],
  ]);
  await expect(pod({ runtimeClassName: 'elsewhere', nodeSelector: { sandboxed: 'no' } })).rejects.toMatchObject(
    refused(
      String.raw`conflict: runtimeClass.scheduling.nodeSelector\[sandboxed\] = yes; pod.spec.nodeSelector\[sandboxed\] = no`,
    ),
  );
});
