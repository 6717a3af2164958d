import type { Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import type { NodeContext } from './context.ts';
import { ensureImage } from './images.ts';

test('a pull secret that is missing is told once, though it is asked for by the proof and by the pull', async () => {
  const told: string[] = [];
  const image = { id: 'sha256:1', size: 1 };
  const context = {
    runtime: { imageStatus: async () => image, pullImage: async () => image.id },
    recorder: { record: (_pod: Pod, _type: string, reason: string) => void told.push(reason) },
    references: { secret: async () => undefined },
    pulls: {
      mustProve: async (_image: string, _id: string, credentials: () => Promise<unknown>) => {
        await credentials();
        return true;
      },
      begin: async () => undefined,
      pulled: async () => undefined,
    },
    now: () => 0,
  } as unknown as NodeContext;
  const container = { name: 'main', image: 'x:1' };
  const pod = { metadata: {}, spec: { containers: [container], imagePullSecrets: [{ name: 'gone' }] } } as Pod;
  await ensureImage(context, pod, container, { started: false, ready: false });
  expect(told).toEqual(['FailedToRetrieveImagePullSecret', 'Pulling', 'Pulled']);
});
