import type { Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { hasLimits } from './limits.ts';

const podWith = (emptyDir: object): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [{ name: 'main' }], volumes: [{ name: 'cache', emptyDir }] },
});

test('a volume in memory bounds itself: its pod is not measured for it', () => {
  expect(hasLimits(podWith({ sizeLimit: '1Mi' }))).toBe(true);
  expect(hasLimits(podWith({ sizeLimit: '1Mi', medium: 'Memory' }))).toBe(false);
});
