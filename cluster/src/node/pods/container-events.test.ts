import type { Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { recordOf } from './container-events.ts';
import type { NodeContext } from './context.ts';

test('an event of a container says where in the pod it is', () => {
  const paths: (string | undefined)[] = [];
  const recorder = { record: (...told: unknown[]) => paths.push(told[4] as string) };
  const spec = {
    containers: [{ name: 'web' }],
    initContainers: [{ name: 'init' }],
    ephemeralContainers: [{ name: 'look' }],
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec } as Pod;
  for (const name of ['web', 'init', 'look', 'gone']) {
    recordOf({ recorder } as unknown as NodeContext, pod, name, 'Normal', 'Started', 'Container started');
  }
  expect(paths).toEqual([
    'spec.containers{web}',
    'spec.initContainers{init}',
    'spec.ephemeralContainers{look}',
    undefined,
  ]);
});
