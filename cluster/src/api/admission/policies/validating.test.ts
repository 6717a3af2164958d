import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type ConfigMap, type KubeObject, resources } from '@berth/kube/objects';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../../testing.ts';
import { objectOf, validatingBindings, validatingPolicies } from '../testing.ts';

let server: TestApi;
let admin: KubeClient;

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  for (const [name, labels] of [
    ['test', { environment: 'test' }],
    ['production', { environment: 'production' }],
  ] as const) {
    await admin.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
  }
});
afterAll(async () => await server[Symbol.asyncDispose]());
afterEach(async () => {
  await admin.deleteCollection(validatingBindings, {});
  await admin.deleteCollection(validatingPolicies, {});
  for (const namespace of ['test', 'production']) await admin.deleteCollection(resources.configMaps, { namespace });
});

const rule = (resource: string, rest: object = {}) => ({
  apiGroups: [resource === 'deployments' ? 'apps' : ''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: [resource],
  ...rest,
});

interface Given {
  spec?: object;
  binding?: object;
  rules?: object[];
  name?: string;
}

/** A policy for ConfigMaps and its binding. */
async function policy(validations: object[], { spec = {}, binding = {}, rules, name = 'p' }: Given = {}) {
  const matchConstraints = { resourceRules: rules ?? [rule('configmaps')] };
  await admin.create(
    validatingPolicies,
    objectOf(validatingPolicies, name, { spec: { matchConstraints, validations, ...spec } }),
  );
  const bound = { policyName: name, validationActions: ['Deny'], ...binding };
  await admin.create(validatingBindings, objectOf(validatingBindings, `${name}-binding`, { spec: bound }));
}

const configMap = (name: string, data: Record<string, string> = {}, namespace = 'test'): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});
const create = (name: string, data: Record<string, string> = {}, namespace = 'test', client = admin) =>
  client.create(resources.configMaps, configMap(name, data, namespace));

async function refusal(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isBerthError(error)) throw new Error(`there was no refusal but ${String(error)}`);
  return error;
}
const denied = async (promise: Promise<unknown>) => (await refusal(promise)).message.replace(/^.*denied request: /, '');

describe('the example of Kubernetes’ documentation', () => {
  const deployment = (replicas: number, namespace: string) => ({
    apiVersion: 'apps/v1' as const,
    kind: 'Deployment' as const,
    metadata: { name: 'nginx', namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: 'nginx' } },
      template: { metadata: { labels: { app: 'nginx' } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } },
    },
  });

  test('denies in the namespaces that its binding is for, at once, and until it is gone', async () => {
    const rules = [rule('deployments')];
    await policy([{ expression: 'object.spec.replicas <= 5' }], {
      rules,
      name: 'demo-policy.example.com',
      binding: { matchResources: { namespaceSelector: { matchLabels: { environment: 'test' } } } },
    });
    const error = await refusal(admin.create(resources.deployments, deployment(6, 'test')));
    const why =
      "ValidatingAdmissionPolicy 'demo-policy.example.com' with binding 'demo-policy.example.com-binding' denied request: failed expression: object.spec.replicas <= 5";
    expect(error).toMatchObject({
      code: 'Invalid',
      message: `deployments.apps "nginx" is forbidden: ${why}`,
      details: { name: 'nginx', group: 'apps', kind: 'deployments', causes: [{ message: why }] },
    });
    await admin.create(resources.deployments, deployment(6, 'production'));
    await admin.create(resources.deployments, deployment(5, 'test'));
    const scale = { type: 'merge', body: { spec: { replicas: 6 } } } as const;
    const key = { name: 'nginx', namespace: 'test' };
    expect((await refusal(admin.patch(resources.deployments, key, scale))).code).toBe('Invalid');
    await admin.delete(validatingBindings, { name: 'demo-policy.example.com-binding' });
    await admin.patch(resources.deployments, key, scale);
  });
});

describe('a validation', () => {
  test('says what it wants to say, and why', async () => {
    await policy([{ expression: '!has(object.data.a)', message: ' no a ' }]);
    expect(await denied(create('x', { a: '1' }))).toBe('no a');
    await policy(
      [
        {
          expression: '!has(object.data.b)',
          message: 'fixed',
          messageExpression: '"b is " + object.data.b',
          reason: 'Forbidden',
        },
      ],
      { name: 'q' },
    );
    const error = await refusal(create('x', { b: '1' }));
    expect(error.code).toBe('Forbidden');
    expect(error.message).toBe(
      `configmaps "x" is forbidden: ValidatingAdmissionPolicy 'q' with binding 'q-binding' denied request: b is 1`,
    );
    expect(await denied(create('x', { b: 'two\nlines' }))).toBe('fixed');
    await create('x', { c: '1' });
  });

  test('sees the old object, the request, the namespace and its own variables', async () => {
    await policy(
      [
        { expression: 'oldObject == null || variables.size >= size(oldObject.data)', message: 'must not shrink' },
        { expression: 'request.userInfo.username != "jane" || variables.isTest', message: 'jane only tests' },
        { expression: '!(request.operation == "UPDATE" && request.dryRun)', message: 'no dry updates' },
      ],
      {
        spec: {
          variables: [
            { name: 'size', expression: 'has(object.data) ? size(object.data) : 0' },
            { name: 'isTest', expression: 'namespaceObject.metadata.labels["environment"] == "test"' },
          ],
        },
      },
    );
    await create('x', { a: '1', b: '2' });
    expect(await denied(admin.update(resources.configMaps, configMap('x', { a: '1' })))).toBe('must not shrink');
    const jane = server.api.client({ name: 'jane', groups: ['system:masters'] });
    await create('y', {}, 'test', jane);
    expect(await denied(create('y', {}, 'production', jane))).toBe('jane only tests');
    const dry = admin.update(resources.configMaps, configMap('x', { a: '1', b: '3' }), { dryRun: true });
    expect(await denied(dry)).toBe('no dry updates');
  });

  test('that fails denies with what happened, unless failures are to be ignored', async () => {
    await policy([{ expression: 'object.data.missing == "x"', message: 'never said' }]);
    expect(await denied(create('x', { a: 'b' }))).toBe(
      `expression 'object.data.missing == "x"' resulted in error: no such key: missing`,
    );
    await admin.patch(
      validatingPolicies,
      { name: 'p' },
      { type: 'merge', body: { spec: { failurePolicy: 'Ignore' } } },
    );
    await create('x');
  });

  test('that costs too much is stopped', async () => {
    const pile = `[${'0,'.repeat(60)}]`;
    const expensive = `${pile}.all(a, ${pile}.all(b, ${pile}.all(c, a + b + c == 0)))`;
    await policy(Array.from({ length: 15 }, () => ({ expression: `${expensive} || true` })));
    expect(await denied(create('x'))).toMatch(
      /operation cancelled: actual cost limit exceeded|running out of cost budget, no further validation rules will be run/,
    );
  });

  test('only warns, when the binding says so', async () => {
    await policy([{ expression: 'false', message: 'better not' }], {
      binding: { validationActions: ['Warn', 'Audit'] },
    });
    const { headers } = await post('/api/v1/namespaces/test/configmaps', configMap('x'));
    expect(headers.get('warning')).toBe(
      `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'p-binding': better not"`,
    );
    await admin.get(resources.configMaps, { namespace: 'test', name: 'x' });
  });
});

describe('the authorizer', () => {
  test('answers for the user, for the object of the request, and for others', async () => {
    const mayDelete = 'authorizer.group("").resource("configmaps").namespace("test").check("delete").allowed()';
    await policy([
      { expression: mayDelete, message: 'who may not delete may not create' },
      { expression: 'authorizer.requestResource.check("create").allowed()', message: 'may not create' },
      { expression: 'authorizer.path("/healthz").check("get").allowed()', message: 'may not look' },
      {
        expression: '!authorizer.serviceAccount("test", "robot").group("").resource("secrets").check("get").allowed()',
      },
    ]);
    await create('x');
    const role = (verbs: string[]) => ({
      apiVersion: 'rbac.authorization.k8s.io/v1' as const,
      kind: 'ClusterRole' as const,
      metadata: { name: 'writer' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }],
    });
    await admin.create(resources.clusterRoles, role(['create', 'get']));
    await admin.create(resources.clusterRoleBindings, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'writer' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'writer' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }],
    });
    const jane = server.api.client({ name: 'jane', groups: [] });
    expect(await denied(create('y', {}, 'test', jane))).toBe('who may not delete may not create');
    await admin.update(resources.clusterRoles, role(['create', 'delete']));
    await create('y', {}, 'test', jane);
  });
});

describe('match conditions', () => {
  test('all have to hold, and one that is false settles it', async () => {
    const conditions = (...expressions: string[]) => ({
      matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
    });
    await policy([{ expression: 'false' }], {
      spec: conditions('object.data.no == "such"', 'object.metadata.name != "x"'),
    });
    await create('x');
    expect(await denied(create('y', { a: 'b' }))).toBe(
      `expression 'object.data.no == "such"' resulted in error: no such key: no`,
    );
  });
});

describe('rules', () => {
  test('may exclude, and may be for names', async () => {
    const match = {
      resourceRules: [rule('configmaps')],
      excludeResourceRules: [{ ...rule('configmaps'), resourceNames: ['free'] }],
    };
    await policy([{ expression: 'false' }], { spec: { matchConstraints: match } });
    await create('free');
    await refusal(create('bound'));
  });

  test('match deletions, of which there is only an old object', async () => {
    await create('keep', { keep: 'yes' });
    await create('drop');
    await policy([{ expression: 'object == null && !has(oldObject.data)' }], {
      rules: [rule('configmaps', { operations: ['DELETE'] })],
    });
    await refusal(admin.delete(resources.configMaps, { namespace: 'test', name: 'keep' }));
    await admin.delete(resources.configMaps, { namespace: 'test', name: 'drop' });
    await admin.delete(validatingBindings, { name: 'p-binding' });
  });

  test('of everything leave alone policies themselves and who asks what they may', async () => {
    await policy([{ expression: 'false' }], {
      rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] }],
    });
    await refusal(create('x'));
    const reviews = {
      group: 'authorization.k8s.io',
      version: 'v1',
      resource: 'selfsubjectaccessreviews',
      kind: 'SelfSubjectAccessReview',
      namespaced: false,
    };
    await admin.create(reviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: { name: '' },
      spec: { resourceAttributes: { verb: 'get', resource: 'pods' } },
    });
    await admin.delete(validatingPolicies, { name: 'p' });
    await create('x');
  });
});

describe('parameters', () => {
  const paramKind = { apiVersion: 'v1', kind: 'ConfigMap' };
  const validations = [
    { expression: 'size(object.data) <= int(params.data.most)', messageExpression: '"at most " + params.data.most' },
  ];
  const most = (name: string, value: string, namespace: string, labels: Record<string, string> = {}) =>
    admin.create(resources.configMaps, {
      ...configMap(name, { most: value }, namespace),
      metadata: { name, namespace, labels },
    });
  const secrets = { paramKind, matchConstraints: { resourceRules: [rule('secrets')] } };
  const secret = (name: string, data: Record<string, string>, namespace = 'test') =>
    admin.create(resources.secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data });
  afterEach(async () => {
    for (const namespace of ['test', 'production']) await admin.deleteCollection(resources.secrets, { namespace });
  });

  test('by name, from the namespace of the object', async () => {
    await most('limits', '1', 'test');
    await most('limits', '2', 'production');
    const paramRef = { name: 'limits', parameterNotFoundAction: 'Deny' };
    await policy(validations, { spec: secrets, binding: { paramRef } });
    expect(await denied(secret('s', { a: '', b: '' }))).toBe('at most 1');
    await secret('s', { a: '', b: '' }, 'production');
    await admin.delete(resources.configMaps, { namespace: 'production', name: 'limits' });
    expect(await denied(secret('t', {}, 'production'))).toBe(
      'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
    );
  });

  test('by selector, each of which has to be content, and none of which need be there', async () => {
    const selector = { matchLabels: { use: 'limits' } };
    const paramRef = { selector, namespace: 'production', parameterNotFoundAction: 'Allow' };
    await policy(validations, { spec: secrets, binding: { paramRef } });
    await secret('free', { a: '', b: '', c: '' });
    await most('one', '3', 'production', { use: 'limits' });
    await most('two', '2', 'production', { use: 'limits' });
    await most('other', '0', 'production');
    await secret('two', { a: '', b: '' });
    expect(await denied(secret('three', { a: '', b: '', c: '' }))).toBe('at most 2');
  });

  test('of a kind that nobody serves cannot be had', async () => {
    const spec = { ...secrets, paramKind: { apiVersion: 'rules.example.com/v1', kind: 'ReplicaLimit' } };
    const paramRef = { name: 'x', parameterNotFoundAction: 'Allow' };
    await policy([{ expression: 'params == null' }], { spec, binding: { paramRef } });
    expect((await refusal(secret('s', {}))).message).toBe(
      `secrets "s" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'rules.example.com/v1, Kind=ReplicaLimit'`,
    );
  });
});

describe('type checking', () => {
  const checked = async (name: string) => {
    for await (const { object } of admin.watch(validatingPolicies, { fieldSelector: `metadata.name=${name}` })) {
      const { metadata, status } = object as KubeObject & { status?: { observedGeneration?: number } };
      if (metadata.generation === status?.observedGeneration) return status;
    }
    throw new Error('the watch ended');
  };

  test('warns of what the types do not have, as the documentation shows it', async () => {
    await policy([{ expression: 'object.replicas > 1' }], {
      rules: [{ ...rule('deployments'), resources: ['deployments', 'replicasets'] }],
      binding: { validationActions: ['Warn'] },
      name: 'deploy-replica-policy.example.com',
    });
    const issue = (kind: string) =>
      `apps/v1, Kind=${kind}: ERROR: <input>:1:7: undefined field 'replicas'\n | object.replicas > 1\n | ......^\n`;
    expect(await checked('deploy-replica-policy.example.com')).toEqual({
      observedGeneration: 1,
      typeChecking: {
        expressionWarnings: [
          { fieldRef: 'spec.validations[0].expression', warning: `${issue('Deployment')}\n${issue('ReplicaSet')}` },
        ],
      },
    });
  });

  test('is content with what is there, and looks again when the policy changes', async () => {
    await policy([{ expression: 'object.spec.replicas > 1 && variables.v' }], {
      rules: [rule('deployments')],
      spec: {
        variables: [{ name: 'v', expression: 'params.data.size() > 0' }],
        paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      },
      binding: { paramRef: { name: 'x', parameterNotFoundAction: 'Allow' } },
    });
    expect(await checked('p')).toEqual({ observedGeneration: 1, typeChecking: {} });
    const validations = [{ expression: 'true', messageExpression: 'string(object.spec.none)' }];
    await admin.patch(validatingPolicies, { name: 'p' }, { type: 'merge', body: { spec: { validations } } });
    expect(await checked('p')).toMatchObject({
      observedGeneration: 2,
      typeChecking: { expressionWarnings: [{ fieldRef: 'spec.validations[0].messageExpression' }] },
    });
  });
});

test('audit annotations that cannot be had deny', async () => {
  await policy([], {
    spec: {
      validations: undefined,
      auditAnnotations: [{ key: 'size', valueExpression: 'string(size(object.data))' }],
    },
  });
  await create('x', { a: 'b' });
  expect(await denied(create('y'))).toBe(`expression 'string(size(object.data))' resulted in error: no such key: data`);
});

async function post(path: string, body: object) {
  const { Agent, fetch } = await import('undici');
  const { authority, admin: identity } = server.certificates;
  const dispatcher = new Agent({ connect: { ca: authority.cert, cert: identity.cert, key: identity.key } });
  try {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(server.url + path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers,
      dispatcher,
    });
    return { status: response.status, headers: response.headers, body: await response.json() };
  } finally {
    await dispatcher.close();
  }
}
