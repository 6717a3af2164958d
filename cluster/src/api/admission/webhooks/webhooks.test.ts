import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type ConfigMap, type KubeObject, type Pod, type Resource, resources } from '@berth/kube/objects';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sendAsAdmin, startTestApi, type TestApi } from '../../testing.ts';
import { startTestWebhook, type TestHandler, type TestWebhook } from '../../webhook/testing.ts';
import {
  configuration,
  everyConfigMap,
  mutatingConfigurations,
  patched,
  type Respond,
  type ReviewRequest,
  reviewing,
  validatingConfigurations,
} from '../testing.ts';

let server: TestApi;
let admin: KubeClient;
let webhook: TestWebhook;
let handler: TestHandler;
let asked: ReviewRequest[];

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  webhook = await startTestWebhook((...args) => handler(...args));
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await webhook[Symbol.asyncDispose]();
});
beforeEach(() => {
  asked = [];
  answer(() => ({}));
});
afterEach(async () => {
  for (const resource of [mutatingConfigurations, validatingConfigurations]) await admin.deleteCollection(resource, {});
  await admin.deleteCollection(resources.configMaps, { namespace: 'default' });
});

function answer(respond: Respond): void {
  handler = reviewing((request, path) => {
    // The cluster puts its certificate back whenever a test has removed it.
    if ((request.object ?? request.oldObject)?.metadata.name === 'kube-root-ca.crt') return {};
    asked.push(request);
    return respond(request, path);
  });
}

const validate = async (webhookFields: object = {}, name = 'judge', path = '/') =>
  await admin.create(
    validatingConfigurations,
    configuration(validatingConfigurations, name, webhook, webhookFields, path),
  );
const mutate = async (webhookFields: object = {}, name = 'change', path = '/') =>
  await admin.create(mutatingConfigurations, configuration(mutatingConfigurations, name, webhook, webhookFields, path));

const configMap = (name: string, rest: object = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { a: 'b' },
  ...rest,
});
const create = (name: string, rest: object = {}) => admin.create(resources.configMaps, configMap(name, rest));
const rules = (...given: object[]) => ({ rules: given.map((rule) => ({ ...everyConfigMap, ...rule })) });

async function refusal(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isBerthError(error)) throw new Error(`there was no refusal but ${String(error)}`);
  return error;
}

describe('a webhook is asked', () => {
  test('about a creation, with everything that Kubernetes tells', async () => {
    await validate();
    const client = server.api.client({ name: 'jane', groups: ['system:masters', 'g'], uid: '7', extra: { k: ['v'] } });
    await client.create(resources.configMaps, configMap('one'), { fieldManager: 'me' });
    const [request] = asked;
    const kind = { group: '', version: 'v1', kind: 'ConfigMap' };
    const resource = { group: '', version: 'v1', resource: 'configmaps' };
    expect(request).toMatchObject({
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      name: 'one',
      namespace: 'default',
      operation: 'CREATE',
      userInfo: { username: 'jane', uid: '7', groups: expect.arrayContaining(['g']), extra: { k: ['v'] } },
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'one', namespace: 'default' },
        data: { a: 'b' },
      },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1', fieldManager: 'me' },
    });
    expect(webhook.paths.at(-1)).toBe('/?timeout=10s');
  });

  test('about updates, patches, deletions one by one and by collection', async () => {
    await create('one');
    await create('two');
    await validate();
    await admin.update(resources.configMaps, configMap('one', { data: { a: 'c' } }));
    await admin.patch(
      resources.configMaps,
      { namespace: 'default', name: 'one' },
      { type: 'merge', body: { data: { x: 'y' } } },
    );
    await admin.delete(resources.configMaps, { namespace: 'default', name: 'one' }, { gracePeriodSeconds: 3 });
    await admin.deleteCollection(resources.configMaps, { namespace: 'default' });
    expect(asked.map(({ operation, name }) => [operation, name])).toEqual([
      ['UPDATE', 'one'],
      ['UPDATE', 'one'],
      ['DELETE', 'one'],
      ['DELETE', undefined],
    ]);
    expect(asked[0]).toMatchObject({ object: { data: { a: 'c' } }, oldObject: { data: { a: 'b' } } });
    expect(asked[1]).toMatchObject({ object: { data: { x: 'y' } }, options: { kind: 'UpdateOptions' } });
    expect(asked[2]).toMatchObject({
      object: null,
      oldObject: { metadata: { name: 'one' } },
      options: { kind: 'DeleteOptions', gracePeriodSeconds: 3 },
    });
    expect(asked[3]?.oldObject?.metadata.name).toBe('two');
  });

  test('about subresources in their own shapes', async () => {
    await validate(rules({ apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }));
    const metadata = { name: 'web', namespace: 'default' };
    const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
    const spec = { replicas: 1, selector: { matchLabels: { a: 'b' } }, template };
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec } as const;
    await admin.create(resources.deployments, deployment as never);
    asked = [];
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata, spec: { replicas: 4 } };
    await admin.update(resources.deployments as Resource, scale, { subresource: 'scale' });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      operation: 'UPDATE',
      subResource: 'scale',
      kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      resource: { group: 'apps', version: 'v1', resource: 'deployments' },
      object: { kind: 'Scale', spec: { replicas: 4 } },
      oldObject: { kind: 'Scale', spec: { replicas: 1 } },
    });
    await admin.patch(
      resources.deployments,
      metadata,
      { type: 'merge', body: { status: { replicas: 1 } } },
      { subresource: 'status' },
    );
    expect(asked[1]).toMatchObject({ subResource: 'status', object: { kind: 'Deployment', status: { replicas: 1 } } });
    await admin.delete(resources.deployments, metadata);
  });

  test('about bindings, evictions and tokens, and not about what follows from them', async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'default' } };
    await admin.create(resources.serviceAccounts, account as never);
    const metadata = { name: 'p', namespace: 'default' };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [{ name: 'c', image: 'i' }] } } as Pod;
    await admin.create(resources.pods, pod);
    await validate(rules({ resources: ['*/*'], apiGroups: ['*'] }));
    await admin.createSubresource(resources.pods, metadata, 'binding', { target: { kind: 'Node', name: 'n' } });
    await admin.createSubresource(resources.serviceAccounts, account.metadata, 'token', { spec: { audiences: ['x'] } });
    await admin.createSubresource(resources.pods, metadata, 'eviction', {
      metadata,
      deleteOptions: { gracePeriodSeconds: 0 },
    });
    expect(asked.map(({ operation, subResource, object }) => [operation, subResource, object?.kind])).toEqual([
      ['CREATE', 'binding', 'Binding'],
      ['CREATE', 'token', 'TokenRequest'],
      ['CREATE', 'eviction', 'Eviction'],
    ]);
    expect(asked[0]).toMatchObject({ name: 'p', object: { target: { name: 'n' }, metadata: { name: 'p' } } });
  });

  test('not about configurations of admission, and about reviews', async () => {
    await validate(rules({ apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }));
    await mutate({ failurePolicy: 'Ignore' });
    expect(asked).toEqual([]);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview', metadata: { name: '' } };
    const reviews = {
      group: 'authentication.k8s.io',
      version: 'v1',
      resource: 'selfsubjectreviews',
      kind: 'SelfSubjectReview',
      namespaced: false,
    };
    await admin.create(reviews, review);
    expect(asked.map(({ object }) => object?.kind)).toEqual(['SelfSubjectReview']);
  });

  test('under dry run only when it says that it has no side effects', async () => {
    await validate();
    await admin.create(resources.configMaps, configMap('dry'), { dryRun: true });
    expect(asked[0]).toMatchObject({ dryRun: true, options: { dryRun: ['All'] } });
    await expect(admin.get(resources.configMaps, { namespace: 'default', name: 'dry' })).rejects.toThrow();
  });
});

describe('a rule', () => {
  test.each([
    [{ operations: ['UPDATE'] }, 0],
    [{ resources: ['*'] }, 1],
    [{ resources: ['configmaps/*'] }, 1],
    [{ resources: ['configmaps/status'] }, 0],
    [{ resources: ['*/status'] }, 0],
    [{ resources: ['pods', '*/*'].slice(1) }, 1],
    [{ apiGroups: ['apps'] }, 0],
    [{ apiVersions: ['v2'] }, 0],
    [{ scope: 'Cluster' }, 0],
    [{ scope: 'Namespaced' }, 1],
  ])('with %j is for a ConfigMap or not', async (rule, times) => {
    await validate(rules(rule));
    await create('one');
    expect(asked).toHaveLength(times);
  });

  test('for one version is asked about the others too, in its own, unless it wants exact matches', async () => {
    const hpa = rules({
      operations: ['CREATE'],
      apiGroups: ['autoscaling'],
      apiVersions: ['v1'],
      resources: ['horizontalpodautoscalers'],
    });
    await mutate(hpa);
    await mutate({ ...hpa, matchPolicy: 'Exact' }, 'exact');
    answer(() => patched({ op: 'replace', path: '/spec/targetCPUUtilizationPercentage', value: 33 }));
    const autoscalers: Resource = {
      group: 'autoscaling',
      version: 'v2',
      resource: 'horizontalpodautoscalers',
      kind: 'HorizontalPodAutoscaler',
      namespaced: true,
    };
    const utilization = {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
    };
    const spec = {
      maxReplicas: 3,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
      metrics: [utilization],
    };
    const made = await admin.create(autoscalers, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h', namespace: 'default' },
      spec,
    });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      kind: { group: 'autoscaling', version: 'v1', kind: 'HorizontalPodAutoscaler' },
      requestKind: { group: 'autoscaling', version: 'v2', kind: 'HorizontalPodAutoscaler' },
      resource: { version: 'v1' },
      requestResource: { version: 'v2' },
      object: { apiVersion: 'autoscaling/v1', spec: { targetCPUUtilizationPercentage: 50 } },
    });
    expect(made).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: { metrics: [{ resource: { target: { averageUtilization: 33 } } }] },
    });
    await admin.delete(autoscalers, made.metadata);
  });
});

describe('a selector', () => {
  test('of objects looks at the new one and at the old one', async () => {
    await validate({ objectSelector: { matchLabels: { watch: 'yes' } } });
    await create('one');
    expect(asked).toHaveLength(0);
    const labelled = (labels: object) => configMap('one', { metadata: { name: 'one', namespace: 'default', labels } });
    await admin.update(resources.configMaps, labelled({ watch: 'yes' }));
    await admin.update(resources.configMaps, labelled({}));
    await admin.update(resources.configMaps, labelled({ other: 'x' }));
    expect(asked).toHaveLength(2);
  });

  test('of namespaces looks at the namespace of the object, or at the labels that a namespace is to have', async () => {
    const namespaceSelector = { matchExpressions: [{ key: 'guarded', operator: 'Exists' }] };
    await validate({ ...rules({ resources: ['*'] }), namespaceSelector });
    await create('one');
    const metadata = { name: 'guarded', labels: { guarded: '' } };
    await admin.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata });
    await admin.create(resources.configMaps, configMap('two', { metadata: { name: 'two', namespace: 'guarded' } }));
    // What belongs to the cluster is in no namespace and never exempt.
    const node: KubeObject = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };
    await admin.create(resources.nodes as Resource, node);
    const own = asked.filter(({ name }) => name !== 'kube-root-ca.crt');
    expect(own.map(({ namespace, name }) => [namespace, name])).toEqual([
      ['guarded', 'guarded'],
      ['guarded', 'two'],
      [undefined, 'n'],
    ]);
    await admin.delete(resources.nodes as Resource, { name: 'n' });
  });
});

describe('match conditions', () => {
  const conditions = (...expressions: string[]) => ({
    matchConditions: expressions.map((expression, index) => ({ name: `c${index}`, expression })),
  });

  test('keep a webhook from being asked', async () => {
    await validate(conditions('request.userInfo.username != "quiet"', 'object.data.a == "b"'));
    await create('one');
    await create('two', { data: { a: 'c' } });
    const quiet = server.api.client({ name: 'quiet', groups: ['system:masters'] });
    await quiet.create(resources.configMaps, configMap('three'));
    expect(asked.map(({ name }) => name)).toEqual(['one']);
  });

  test('that fail refuse the request, or pass over the webhook when failures are ignored', async () => {
    await validate(conditions('object.data.x == "y"', 'object.data.y == "y"'));
    expect((await refusal(create('one'))).message).toBe(
      `configmaps "one" is forbidden: [expression 'object.data.x == "y"' resulted in error: no such key: x, expression 'object.data.y == "y"' resulted in error: no such key: y]`,
    );
    await admin.delete(validatingConfigurations, { name: 'judge' });
    await validate({ ...conditions('object.data.x == "y"'), failurePolicy: 'Ignore' });
    await create('one');
    expect(asked).toEqual([]);
  });
});

describe('a refusal', () => {
  test.each([
    [{}, 400, 'without explanation', undefined],
    [{ message: 'no' }, 400, ': no', undefined],
    [{ reason: 'Teapot' }, 400, ': Teapot', 'Teapot'],
    [{ code: 418, message: 'short and stout', reason: 'Teapot' }, 418, ': short and stout', 'Teapot'],
    [{ code: 200, status: 'Success', message: 'no' }, 400, ': no', undefined],
    [{ code: 403, message: 'no', reason: 'Forbidden' }, 403, ': no', 'Forbidden'],
  ])('of %j is told as Kubernetes tells it', async (status, code, text, reason) => {
    await validate();
    answer(() => ({ allowed: false, status }));
    const error = await refusal(create('one'));
    const space = text.startsWith(':') ? '' : ' ';
    expect(error.message).toBe(`admission webhook "judge.example.com" denied the request${space}${text}`);
    expect(error.status).toEqual({ code, reason: reason ?? '' });
    const response = await sendAsAdmin(server, 'POST', '/api/v1/namespaces/default/configmaps', configMap('one'));
    expect(response).toMatchObject({
      status: code,
      body: { kind: 'Status', status: 'Failure', code, message: error.message },
    });
    expect((response.body as { reason?: string }).reason).toBe(reason);
  });

  test('of one among several is enough, and the first by name is told', async () => {
    await validate({}, 'b', '/b');
    await validate({}, 'a', '/a');
    answer((_request, path) => ({ allowed: path.startsWith('/c'), status: { message: path.slice(0, 2) } }));
    const { message } = await refusal(create('one'));
    expect(message).toBe('admission webhook "a.example.com" denied the request: /a');
    expect(asked).toHaveLength(2);
  });

  test('in a namespace that goes leaves deletions of others alone', async () => {
    await create('kept');
    await validate(rules({ operations: ['DELETE'] }));
    answer(() => ({ allowed: false }));
    await refusal(admin.delete(resources.configMaps, { namespace: 'default', name: 'kept' }));
    await admin.get(resources.configMaps, { namespace: 'default', name: 'kept' });
    await admin.delete(validatingConfigurations, { name: 'judge' });
  });
});

describe('a change', () => {
  test('is applied, decoded and defaulted again, and what only the server writes stays the server’s', async () => {
    await mutate(rules({ resources: ['pods'], operations: ['CREATE'] }));
    answer(() =>
      patched(
        {
          op: 'add',
          path: '/spec/containers/-',
          value: { name: 'side', image: 'side:1', bogus: 1, ports: [{ containerPort: 80 }] },
        },
        { op: 'add', path: '/metadata/uid', value: 'mine' },
        { op: 'add', path: '/status', value: { phase: 'Running' } },
      ),
    );
    const metadata = { name: 'sidecar', namespace: 'default' };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata,
      spec: { containers: [{ name: 'main', image: 'i' }] },
    } as Pod;
    const made = await admin.create(resources.pods, pod);
    expect(asked[0]?.object?.metadata.uid).toBeUndefined();
    const [, side] = made.spec?.containers ?? [];
    expect(side).toMatchObject({ name: 'side', imagePullPolicy: 'IfNotPresent', ports: [{ protocol: 'TCP' }] });
    expect(side).not.toHaveProperty('bogus');
    expect(made.metadata.uid).not.toBe('mine');
    expect(made.status?.phase).toBe('Pending');
    // The built-in plugins saw the new container in a second round: it has the token of the pod's account.
    const volumes = made.spec?.volumes?.map(({ name }) => name) ?? [];
    expect(volumes).toHaveLength(1);
    expect(side?.volumeMounts?.map(({ name }) => name)).toEqual(volumes);
    await admin.delete(resources.pods, metadata);
  });

  test('is judged like what a client sends', async () => {
    await mutate();
    answer(() => patched({ op: 'add', path: '/data', value: { 'not a key': 'x' } }));
    expect(await refusal(create('one'))).toMatchObject({ code: 'Invalid' });
    answer(() => patched({ op: 'add', path: '/data', value: 'text' }));
    expect(await refusal(create('one'))).toMatchObject({ code: 'InternalError' });
    answer(() => patched({ op: 'replace', path: '/metadata/namespace', value: 'kube-system' }));
    expect(await refusal(create('one'))).toMatchObject({ code: 'BadRequest' });
    answer(() => patched({ op: 'replace', path: '/kind', value: 'Secret' }));
    expect(await refusal(create('one'))).toMatchObject({
      message: 'converting (v1.Secret) to (core.ConfigMap): unknown conversion',
    });
  });

  test('by patches that make no sense is an internal error', async () => {
    await mutate({ failurePolicy: 'Ignore' });
    answer(() => ({ patchType: 'JSONPatch', patch: Buffer.from('{').toString('base64') }));
    expect(await refusal(create('one'))).toMatchObject({ code: 'InternalError' });
    answer(() => patched({ op: 'remove', path: '/spec/none' }));
    expect(await refusal(create('one'))).toMatchObject({ code: 'InternalError' });
    answer(() => patched({ op: 'add', path: '/__proto__/polluted', value: 1 }));
    await create('one').catch(() => undefined);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await create('gone').catch(() => undefined);
    answer(({ operation }) => (operation === 'DELETE' ? patched({ op: 'add', path: '/data/x', value: 'y' }) : {}));
    await create('three');
    const error = await refusal(admin.delete(resources.configMaps, { namespace: 'default', name: 'three' }));
    expect(error.message).toContain('attempted to modify the object, which is not supported for this operation');
    await admin.delete(mutatingConfigurations, { name: 'change' });
  });

  test('in another form than a JSON patch is not understood', async () => {
    await mutate();
    answer(() => ({ ...patched({ op: 'add', path: '/data/x', value: 'y' }), patchType: 'MergePatch' }));
    expect((await refusal(create('one'))).message).toBe(
      'Internal error occurred: failed calling webhook "change.example.com": unsupported patch type "MergePatch"',
    );
    await admin.delete(mutatingConfigurations, { name: 'change' });
    await mutate({ failurePolicy: 'Ignore' });
    expect((await create('one')).data).toEqual({ a: 'b' });
  });

  test('by a webhook that speaks the older version of the review is understood', async () => {
    await mutate({ admissionReviewVersions: ['v7', 'v1beta1', 'v1'] });
    let version: unknown;
    handler = (body) => {
      version = (body as { apiVersion: string }).apiVersion;
      const patch = patched({ op: 'add', path: '/data/x', value: 'y' }).patch;
      return { response: { allowed: true, patch } };
    };
    expect((await create('one')).data).toEqual({ a: 'b', x: 'y' });
    expect(version).toBe('admission.k8s.io/v1beta1');
  });

  test('by one is seen by the next, and by an earlier one again when it wants to', async () => {
    await mutate({ reinvocationPolicy: 'IfNeeded' }, 'a', '/a');
    await mutate({}, 'b', '/b');
    await mutate({}, 'c', '/c');
    const seen: [string, string][] = [];
    answer(({ object }, path) => {
      const data = (object as ConfigMap).data ?? {};
      seen.push([path.slice(1, 2), Object.keys(data).sort().join('')]);
      return path.startsWith('/c')
        ? {}
        : patched({ op: 'add', path: `/data/${path.startsWith('/b') ? 'y' : 'x'}`, value: '1' });
    });
    const made = await create('one');
    expect(seen).toEqual([
      ['a', 'a'],
      ['b', 'ax'],
      ['c', 'axy'],
      ['a', 'axy'],
    ]);
    expect(made.data).toEqual({ a: 'b', x: '1', y: '1' });
  });

  test('is made before a name is generated', async () => {
    await mutate();
    const made = await admin.create(resources.configMaps, {
      ...configMap(''),
      metadata: { generateName: 'x-', namespace: 'default' } as never,
    });
    expect(made.metadata.name).toMatch(/^x-.{5}$/);
    expect(asked[0]?.name).toBeUndefined();
    expect(asked[0]?.object?.metadata.name ?? '').toBe('');
  });
});

describe('a webhook that fails', () => {
  const garbage: [string, TestHandler, string | RegExp][] = [
    ['answers no JSON', (_b, _q, response) => void response.end('hello'), /failed to call webhook: /],
    [
      'answers 500',
      (_b, _q, response) => void response.writeHead(500).end('broken'),
      /failed to call webhook: an error on the server \("broken"\)/,
    ],
    [
      'redirects',
      (_b, _q, response) => void response.writeHead(307, { location: '/elsewhere' }).end(),
      /failed to call webhook: /,
    ],
    ['answers an empty object', () => ({}), 'received invalid webhook response: webhook response was absent'],
    ['answers a list', () => [], /received invalid webhook response: /],
    [
      'answers for another',
      () => ({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: 'x', allowed: true } }),
      /received invalid webhook response: expected response\.uid="[-0-9a-f]{36}", got "x"/,
    ],
    [
      'answers without kind',
      (body) => ({ response: { uid: (body as { request: { uid: string } }).request.uid, allowed: true } }),
      'received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got /, Kind=',
    ],
    [
      'patches without being asked',
      reviewing(() => patched({ op: 'add', path: '/data', value: {} })),
      'received invalid webhook response: validating webhook may not return response.patch',
    ],
    ['hangs up', (_b, request) => void request.socket.destroy(), /failed to call webhook: Post "https:.*": /],
    ['answers 10 MB', () => ({ response: 'x'.repeat(10_000_000) }), /failed to call webhook: /],
    ['nests without end', (_b, _q, response) => void response.end('['.repeat(1_000_000)), /failed to call webhook: /],
  ];
  test.each(garbage)('because it %s refuses by default', async (_what, faulty, why) => {
    await validate();
    handler = faulty;
    const { code, message, details } = await refusal(create('one'));
    expect(code).toBe('InternalError');
    const before = 'Internal error occurred: failed calling webhook "judge.example.com": ';
    expect(message.startsWith(before)).toBe(true);
    expect(message.slice(before.length)).toEqual(typeof why === 'string' ? why : expect.stringMatching(why));
    expect(details?.causes).toEqual([{ message: message.slice('Internal error occurred: '.length) }]);
  });

  test.each(garbage)('because it %s is passed over when it may be', async (_what, faulty) => {
    await validate({ failurePolicy: 'Ignore' });
    handler = faulty;
    await create('one');
  });

  test('to answer in time is cut off', async () => {
    await validate({ timeoutSeconds: 1 });
    handler = () => undefined;
    const { message } = await refusal(create('one'));
    expect(message).toMatch(
      /failed to call webhook: Post "https:\/\/127.0.0.1:\d+\/\?timeout=1s": context deadline exceeded$/,
    );
  });

  test('does not keep from writing what it is not asked about, nor from taking it away', async () => {
    await validate({ clientConfig: { url: 'https://127.0.0.1:1/' } });
    expect((await refusal(create('one'))).message).toContain('connect: connection refused');
    await admin.create(resources.secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', namespace: 'default' },
    });
    await admin.delete(resources.secrets, { name: 's', namespace: 'default' });
    await admin.delete(validatingConfigurations, { name: 'judge' });
    await create('one');
  });

  test('by denying is not forgiven, whatever its policy', async () => {
    await validate({ failurePolicy: 'Ignore' });
    answer(() => ({ allowed: false }));
    await refusal(create('one'));
  });

  test('in a service that is not there says so', async () => {
    await validate({ clientConfig: { service: { name: 'none', namespace: 'default', path: '/x' } } });
    expect((await refusal(create('one'))).message).toBe(
      'Internal error occurred: failed calling webhook "judge.example.com": failed to call webhook: Post "https://none.default.svc:443/x?timeout=10s": service "none" not found',
    );
  });
});

test('warnings of a webhook reach the client', async () => {
  await validate();
  answer(() => ({ warnings: ['mind the gap', 'mind the gap'], auditAnnotations: { a: 'b' } }));
  const { headers } = await sendAsAdmin(server, 'POST', '/api/v1/namespaces/default/configmaps', configMap('one'));
  expect(headers.get('warning')).toBe('299 - "mind the gap"');
});

test('validating webhooks are asked at the same time', async () => {
  await validate({}, 'a', '/a');
  await validate({}, 'b', '/b');
  const waiting: (() => void)[] = [];
  answer(async () => {
    // Each answers only once both were asked.
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 2) for (const go of waiting) go();
    });
    return {};
  });
  await create('one');
});
