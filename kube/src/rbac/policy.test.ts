import { expect, test } from 'vitest';
import type { KubeObject } from '../objects/index.ts';
import { RbacPolicy } from './index.ts';

const object = (metadata: object, rest: object) => ({ metadata, ...rest }) as unknown as KubeObject;
const get = { verbs: ['get'], apiGroups: [''], resources: ['pods'] };
const policy = new RbacPolicy({
  clusterRoles: [
    object({ name: 'reader' }, { rules: [get] }),
    object(
      { name: 'all', labels: {} },
      { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'all' } }] } },
    ),
    object({ name: 'part', labels: { to: 'all' } }, { rules: [{ ...get, verbs: ['list'] }] }),
  ],
  roles: [object({ name: 'reader', namespace: 'shop' }, { rules: [{ ...get, resourceNames: ['web'] }] })],
  clusterRoleBindings: [
    object(
      { name: 'zoe' },
      { subjects: [{ kind: 'User', name: 'zoe' }], roleRef: { kind: 'ClusterRole', name: 'all' } },
    ),
  ],
  roleBindings: [
    object(
      { name: 'devs', namespace: 'shop' },
      {
        subjects: [
          { kind: 'Group', name: 'devs' },
          { kind: 'ServiceAccount', name: 'ci' },
        ],
        roleRef: { kind: 'ClusterRole', name: 'reader' },
      },
    ),
    object(
      { name: 'web', namespace: 'shop' },
      { subjects: [{ kind: 'User', name: 'zoe' }], roleRef: { kind: 'Role', name: 'reader' } },
    ),
  ],
});
const pods = { verb: 'get', group: '', resource: 'pods', subresource: '', namespace: 'shop', name: 'web' };

test('a user may by what names it, its groups, or its service account, where the binding is', () => {
  const by = (name: string, groups: string[], attributes = pods) =>
    policy.grantOf({ name, groups }, attributes)?.binding.name;
  expect(by('ada', ['devs'])).toBe('devs');
  expect(by('ada', ['devs'], { ...pods, namespace: 'else' })).toBeUndefined();
  expect(by('devs', [])).toBeUndefined();
  expect(by('system:serviceaccount:shop:ci', [])).toBe('devs');
  expect(by('system:serviceaccount:else:ci', [])).toBeUndefined();
  expect(by('zoe', [])).toBe('web');
  expect(by('zoe', [], { ...pods, name: 'db' })).toBeUndefined();
  expect(by('zoe', [], { ...pods, verb: 'list', namespace: '', name: '' })).toBe('zoe');
});

test('says who may, and which roles would let others', () => {
  expect(policy.grants(pods).map(({ binding }) => binding.name)).toEqual(['devs', 'web']);
  expect(policy.grants({ ...pods, namespace: '' })).toEqual([]);
  expect(policy.rolesAllowing(pods)).toEqual([
    { kind: 'Role', name: 'reader' },
    { kind: 'ClusterRole', name: 'reader' },
  ]);
  expect(policy.rolesAllowing({ ...pods, namespace: '' })).toEqual([{ kind: 'ClusterRole', name: 'reader' }]);
  expect(policy.allBindingsOf({ name: 'zoe', groups: ['devs'] }).map(({ name }) => name)).toEqual([
    'zoe',
    'devs',
    'web',
  ]);
});
