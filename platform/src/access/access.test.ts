import type { KubeObject } from '@berth/kube/objects';
import { allows, type PathAttributes, RbacPolicy, type ResourceAttributes } from '@berth/kube/rbac';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holdersOf, minimalAccess, type RecordedRequest, reasonsFor, whoOf } from './index.ts';

const object = (metadata: object, rest: object) => ({ metadata, ...rest }) as unknown as KubeObject;
const rule = (verbs: string[], resources: string[], more: object = {}) => ({
  apiGroups: [''],
  resources,
  verbs,
  ...more,
});
const clusterRole = (name: string, ...rules: object[]) => object({ name }, { rules });
const bound = (namespace: string, name: string, role: string, subjects: object[]) =>
  object(
    { name, ...(namespace === '' ? {} : { namespace }) },
    { subjects, roleRef: { kind: 'ClusterRole', name: role } },
  );
const policy = new RbacPolicy({
  clusterRoles: [
    clusterRole('view', rule(['get', 'list'], ['pods'])),
    clusterRole('edit', rule(['get', 'list', 'delete'], ['pods', 'services'])),
    clusterRole('one', rule(['get'], ['pods'], { resourceNames: ['db'] })),
    clusterRole('system:own', rule(['delete'], ['pods'])),
    clusterRole('discovery', { nonResourceURLs: ['/api', '/apis/*'], verbs: ['get'] }),
  ],
  roles: [],
  clusterRoleBindings: [bound('', 'all', 'discovery', [{ kind: 'Group', name: 'system:authenticated' }])],
  roleBindings: [
    bound('shop', 'ada', 'view', [{ kind: 'User', name: 'ada' }]),
    bound('shop', 'accounts', 'view', [{ kind: 'ServiceAccount', name: 'web' }]),
    bound('else', 'ada', 'edit', [{ kind: 'User', name: 'ada' }]),
    bound('shop', 'eve', 'one', [{ kind: 'User', name: 'eve' }]),
  ],
});
const pods = { verb: 'delete', group: '', resource: 'pods', subresource: '', namespace: 'shop', name: '' };

test('who may is told with a service account in its namespace', () => {
  expect(holdersOf(policy, { ...pods, verb: 'list' }).map(({ subject }) => subject)).toEqual([
    { kind: 'Group', name: 'system:masters' },
    { kind: 'User', name: 'ada' },
    { kind: 'ServiceAccount', name: 'web', namespace: 'shop' },
  ]);
});

describe('why', () => {
  test('by which binding', () => {
    const { grant } = reasonsFor(policy, whoOf('system:serviceaccount:shop:web'), { ...pods, verb: 'list' });
    expect(grant?.binding.name).toBe('accounts');
  });

  test('what comes near, and the narrowest role for people that would do', () => {
    const { grant, held, remedies } = reasonsFor(policy, whoOf('ada'), pods);
    expect(grant).toBeUndefined();
    expect(held.map(({ grant: { binding }, lacks }) => [binding.namespace, lacks])).toEqual([
      ['shop', 'verb'],
      ['else', 'namespace'],
    ]);
    expect(remedies).toEqual([{ role: { kind: 'ClusterRole', name: 'edit' }, width: 6 }]);
    const eve = reasonsFor(policy, whoOf('eve'), { ...pods, verb: 'get', name: 'web' });
    expect(eve.held.map(({ lacks }) => lacks)).toEqual(['name']);
  });
});

const at = '2026-11-30T00:00:00.000000Z';
const sent = (verb: string, objectRef: RecordedRequest['objectRef'], more: object = {}): RecordedRequest => ({
  verb,
  requestURI: '/x',
  user: { username: 'ada' },
  ...(objectRef ? { objectRef } : {}),
  responseStatus: { code: 200 },
  requestReceivedTimestamp: at,
  ...more,
});

describe('the smallest roles', () => {
  test('name objects where a request named one, and only then', () => {
    const { roles } = minimalAccess('ada', [
      sent('get', { resource: 'pods', namespace: 'shop', name: 'web' }),
      sent('create', { resource: 'pods', namespace: 'shop', name: 'web' }),
      sent('create', { resource: 'pods', namespace: 'shop', name: 'web', subresource: 'exec' }),
      sent('list', { resource: 'pods', namespace: 'shop' }, { requestURI: '/x?fieldSelector=metadata.name%3Ddb' }),
    ]);
    expect(roles).toEqual([
      {
        namespace: 'shop',
        rules: [
          rule(['create'], ['pods']),
          rule(['get'], ['pods'], { resourceNames: ['web'] }),
          rule(['list'], ['pods'], { resourceNames: ['db'] }),
          rule(['create'], ['pods/exec'], { resourceNames: ['web'] }),
        ].toSorted((a, b) => ruleOrder(a) - ruleOrder(b)),
      },
    ]);
  });

  test('leave out what everybody may, what was refused, and what others did', () => {
    const paths = ['/api', '/apis/apps/v1', '/metrics'].map((requestURI) => sent('get', undefined, { requestURI }));
    const refused = sent('list', { resource: 'nodes' }, { annotations: { 'authorization.k8s.io/decision': 'forbid' } });
    const quota = sent(
      'create',
      { resource: 'pods', namespace: 'shop' },
      {
        responseStatus: { code: 403 },
        annotations: { 'authorization.k8s.io/decision': 'allow' },
      },
    );
    const other = sent('delete', { resource: 'nodes', name: 'n' }, { user: { username: 'bob' } });
    const found = minimalAccess('ada', [...paths, refused, quota, other], { policy });
    expect(found).toMatchObject({ requests: 2, common: 2, from: at, to: at });
    expect(found.refused).toEqual([{ ...pods, verb: 'list', resource: 'nodes', namespace: '' }]);
    expect(found.roles).toEqual([
      { namespace: '', rules: [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }] },
      { namespace: 'shop', rules: [rule(['create'], ['pods'])] },
    ]);
    const all = minimalAccess('ada', [refused], { includeRefused: true });
    expect(all.roles).toEqual([{ namespace: '', rules: [rule(['list'], ['nodes'])] }]);
  });

  test('let somebody be another, bind a role, and give what a role gives', () => {
    const group = 'rbac.authorization.k8s.io';
    const { roles } = minimalAccess('ada', [
      sent(
        'list',
        { resource: 'pods' },
        { impersonatedUser: { username: 'bob', groups: ['devs', 'system:authenticated'] } },
      ),
      sent(
        'create',
        { resource: 'rolebindings', apiGroup: group, namespace: 'shop', name: 'b' },
        {
          responseObject: { roleRef: { kind: 'ClusterRole', name: 'view' } },
        },
      ),
      sent(
        'create',
        { resource: 'roles', apiGroup: group, namespace: 'shop', name: 'r' },
        {
          responseObject: { rules: [rule(['watch'], ['secrets'])] },
        },
      ),
    ]);
    expect(roles).toEqual([
      {
        namespace: '',
        rules: [
          rule(['impersonate'], ['groups'], { resourceNames: ['devs'] }),
          rule(['impersonate'], ['users'], { resourceNames: ['bob'] }),
        ],
      },
      {
        namespace: 'shop',
        rules: [
          { apiGroups: [group], resources: ['clusterroles'], resourceNames: ['view'], verbs: ['bind'] },
          { apiGroups: [group], resources: ['rolebindings', 'roles'], verbs: ['create'] },
          rule(['watch'], ['secrets']),
        ],
      },
    ]);
  });

  test('allow every request of any record, and no rule in them can be spared', () => {
    const request = fc
      .record({
        verb: fc.constantFrom('get', 'list', 'create', 'delete', 'patch'),
        resource: fc.constantFrom('pods', 'services', 'nodes'),
        apiGroup: fc.constantFrom('', 'apps'),
        namespace: fc.constantFrom('', 'a', 'b'),
        name: fc.constantFrom('x', 'y', 'z'),
        subresource: fc.constantFrom('', 'status'),
      })
      .map(({ verb, subresource, ...ref }) => sent(verb, { ...ref, ...(subresource === '' ? {} : { subresource }) }));
    fc.assert(
      fc.property(fc.array(request, { maxLength: 30 }), fc.integer({ min: 0, max: 3 }), (requests, maxNames) => {
        const { roles } = minimalAccess('ada', requests, { maxNames });
        const wanted = requests.map(askedBy);
        const holds = (kept: typeof roles) => (asked: ResourceAttributes | PathAttributes) =>
          kept.some(({ namespace, rules }) => {
            const here = namespace === '' || ('namespace' in asked && asked.namespace === namespace);
            return here && rules.some((each) => allows(each, asked));
          });
        expect(wanted.filter((asked) => !holds(roles)(asked))).toEqual([]);
        for (const role of roles) {
          for (const spared of role.rules) {
            const rest = roles.map((each) =>
              each === role ? { ...each, rules: each.rules.filter((one) => one !== spared) } : each,
            );
            expect(wanted.every(holds(rest))).toBe(false);
          }
        }
      }),
    );
  });
});

/** As an API server asks of a request: what is created has no name yet, and a list has none. */
function askedBy({ verb, objectRef = {} }: RecordedRequest): ResourceAttributes {
  const { apiGroup: group = '', resource = '', namespace = '', subresource = '', name = '' } = objectRef;
  const isNamed = subresource !== '' || ['get', 'delete', 'patch'].includes(verb);
  return { verb, group, resource, subresource, namespace, name: isNamed ? name : '' };
}

function ruleOrder({ resources, verbs }: { resources: string[]; verbs: string[] }): number {
  return ['pods create', 'pods get', 'pods list', 'pods/exec create'].indexOf(`${resources} ${verbs}`);
}
