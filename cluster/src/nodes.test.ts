import { expect, test } from 'vitest';
import { createSimulatedRuntime } from './node/index.ts';
import { withSupply } from './nodes.ts';

const reference = 'berth.local/shop:1';

test('takes an image that is made on the spot, and pulls any other', async () => {
  const asked: string[] = [];
  const pulled: string[] = [];
  const plain = createSimulatedRuntime();
  const present = { id: 'sha256:made', tags: [reference], digests: [], size: 1 };
  const runtime = withSupply(
    {
      ...plain,
      imageStatus: async (image) => (image === reference ? present : undefined),
      pullImage: async (image) => {
        pulled.push(image);
        return 'sha256:pulled';
      },
    },
    async (image) => {
      asked.push(image);
      return image === reference;
    },
  );

  expect(await runtime.pullImage(reference)).toBe('sha256:made');
  expect(await runtime.pullImage('docker.io/library/nginx:latest')).toBe('sha256:pulled');
  expect(asked).toEqual([reference, 'docker.io/library/nginx:latest']);
  expect(pulled).toEqual(['docker.io/library/nginx:latest']);
});

test('tells why an image could not be made', async () => {
  const runtime = withSupply(createSimulatedRuntime(), async () => {
    throw new Error('the disk is full');
  });
  await expect(runtime.pullImage(reference)).rejects.toThrow('the disk is full');
});
