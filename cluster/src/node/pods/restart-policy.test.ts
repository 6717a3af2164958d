import type { Container, Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { restartsAfter } from './restart-policy.ts';

const rule = (operator: string, ...values: number[]) => ({ action: 'Restart', exitCodes: { operator, values } });

// As ContainerShouldRestart of Kubernetes 1.35 decides.
test.each<[string | undefined, Partial<Container>, number[], number[]]>([
  ['Always', {}, [0, 1], []],
  ['OnFailure', {}, [1], [0]],
  ['Never', {}, [], [0, 1]],
  [undefined, {}, [0, 1], []],
  ['Never', { restartPolicy: 'Always' }, [0, 1], []],
  ['Always', { restartPolicy: 'Never' }, [], [0, 1]],
  ['Always', { restartPolicy: 'OnFailure' }, [1], [0]],
  ['Never', { restartPolicy: 'Never', restartPolicyRules: [rule('In', 42, 43)] }, [42, 43], [0, 1]],
  ['Never', { restartPolicy: 'Never', restartPolicyRules: [rule('NotIn', 0, 1)] }, [2, 42], [0, 1]],
  ['Never', { restartPolicy: 'OnFailure', restartPolicyRules: [rule('In', 0)] }, [0, 1], []],
  ['Never', { restartPolicyRules: [rule('In', 42)] }, [], [42]],
])('a pod of %s, a container of %o: again after %o, not after %o', (restartPolicy, more, again, never) => {
  const pod = { spec: { restartPolicy } } as unknown as Pod;
  const container = { name: 'c', ...more } as Container;
  expect(again.filter((code) => !restartsAfter(pod, container, code))).toEqual([]);
  expect(never.filter((code) => restartsAfter(pod, container, code))).toEqual([]);
});
