import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type ConfigMap, type Pod, resources } from '@berth/kube/objects';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../../testing.ts';
import { mutatingBindings, mutatingPolicies, objectOf } from '../testing.ts';

let server: TestApi;
let admin: KubeClient;

beforeAll(async () => {
  server = await startTestApi();
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  const metadata = { name: 'default', namespace: 'default' };
  await admin.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
});
afterAll(async () => await server[Symbol.asyncDispose]());
afterEach(async () => {
  await admin.deleteCollection(mutatingBindings, {});
  await admin.deleteCollection(mutatingPolicies, {});
  await admin.deleteCollection(resources.configMaps, { namespace: 'default' });
  await admin.deleteCollection(resources.pods, { namespace: 'default', gracePeriodSeconds: 0 });
});

const rule = (...names: string[]) => ({
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE'],
  resources: names,
});
const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const json = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

/** A policy for ConfigMaps and pods, and its binding. */
async function policy(mutations: object[], spec: object = {}, { name = 'p', binding = {} } = {}) {
  const matchConstraints = { resourceRules: [rule('configmaps', 'pods')] };
  const whole = { matchConstraints, reinvocationPolicy: 'Never', mutations, ...spec };
  await admin.create(mutatingPolicies, objectOf(mutatingPolicies, name, { spec: whole }));
  const bound = { policyName: name, ...binding };
  await admin.create(mutatingBindings, objectOf(mutatingBindings, `${name}-binding`, { spec: bound }));
}

const configMap = (data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'x', namespace: 'default' },
  data,
});
const create = (data: Record<string, string> = {}) => admin.create(resources.configMaps, configMap(data));
const pod = (spec: object = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'x', namespace: 'default' },
  spec: { containers: [{ name: 'main', image: 'main:1' }], ...spec },
});

async function refusal(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isBerthError(error)) throw new Error(`there was no refusal but ${String(error)}`);
  return error;
}

describe('an apply configuration', () => {
  const sidecar = apply(`Object{
    spec: Object.spec{
      initContainers: [
        Object.spec.initContainers{
          name: "mesh-proxy",
          image: "mesh/proxy:v1.0.0",
          restartPolicy: "Always"
        }
      ]
    }
  }`);

  test('adds a sidecar beside what is there, with its defaults, once', async () => {
    const expression =
      '!has(object.spec.initContainers) || !object.spec.initContainers.exists(c, c.name == "mesh-proxy")';
    await policy([sidecar], {
      reinvocationPolicy: 'IfNeeded',
      matchConditions: [{ name: 'does-not-already-have-sidecar', expression }],
    });
    const made = await admin.create(resources.pods, pod({ initContainers: [{ name: 'first', image: 'first:1' }] }));
    expect(made.spec?.initContainers?.map(({ name }) => name).sort()).toEqual(['first', 'mesh-proxy']);
    const added = made.spec?.initContainers?.find(({ name }) => name === 'mesh-proxy');
    expect(added).toMatchObject({
      restartPolicy: 'Always',
      imagePullPolicy: 'IfNotPresent',
    });
    expect(added?.volumeMounts).toHaveLength(1);
  });

  test('may not replace what is one value', async () => {
    const container = (field: string) =>
      apply(`Object{spec: Object.spec{containers: [Object.spec.containers{name: "main", ${field}}]}}`);
    await policy([container('image: "other"')]);
    const { spec } = await admin.create(resources.pods, pod());
    expect(spec?.containers.map(({ name, image }) => [name, image])).toEqual([['main', 'other']]);
    await admin.deleteCollection(resources.pods, { namespace: 'default', gracePeriodSeconds: 0 });
    // Kubernetes v1.35 refuses this too, although its documentation has it in an example.
    await policy([container('args: ["x"]')], {}, { name: 'o' });
    expect((await refusal(admin.create(resources.pods, pod()))).message).toContain(
      'may not mutate atomic arrays, maps or structs: .spec.containers[0].args',
    );
    await admin.delete(mutatingPolicies, { name: 'o' });
    await policy([apply('Object{spec: Object.spec{nodeSelector: {"a": "b"}}}')], {}, { name: 'q' });
    const error = await refusal(admin.create(resources.pods, pod()));
    expect(error.message).toBe(
      `policy 'q' with binding 'q-binding' denied request: error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: .spec.nodeSelector`,
    );
    expect(error.status).toEqual({ code: 403, reason: 'Invalid' });
    expect(error.details).toMatchObject({ name: 'x', kind: 'pods', causes: [{ message: error.message }] });
  });

  test('that names what there is not is refused', async () => {
    await policy([apply('Object{spec: Object.spec{bogus: 1}}')]);
    expect((await refusal(admin.create(resources.pods, pod()))).message).toContain(
      '.spec.bogus: field not declared in schema',
    );
  });
});

describe('a JSON patch', () => {
  test('is made by an expression, and each sees what those before it made', async () => {
    await policy([
      json(`[JSONPatch{op: "add", path: "/data/" + jsonpatch.escapeKey("a.b"), value: "1"}]`),
      json(`[
        JSONPatch{op: "copy", from: "/data/a.b", path: "/data/c"},
        JSONPatch{op: "add", path: "/metadata/labels", value: {"size": string(size(object.data))}}
      ]`),
    ]);
    const made = await create({ z: '0' });
    expect(made.data).toEqual({ z: '0', 'a.b': '1', c: '1' });
    expect(made.metadata.labels).toEqual({ size: '2' });
  });

  test('whose test does not hold changes nothing', async () => {
    await policy([
      json('[JSONPatch{op: "test", path: "/data/z", value: "0"}, JSONPatch{op: "add", path: "/data/y", value: "1"}]'),
    ]);
    expect((await create({ z: '0' })).data).toEqual({ z: '0', y: '1' });
    const key = { name: 'x', namespace: 'default' };
    const after = await admin.update(resources.configMaps, { ...configMap({ z: '2' }), metadata: key });
    expect(after.data).toEqual({ z: '2' });
  });

  test('that cannot be applied refuses, unless failures are ignored', async () => {
    await policy([json('[JSONPatch{op: "remove", path: "/data/none"}]')]);
    const { message } = await refusal(create({ z: '0' }));
    expect(message).toMatch(/^policy 'p' with binding 'p-binding' denied request: JSON Patch: /);
    await admin.patch(mutatingPolicies, { name: 'p' }, { type: 'merge', body: { spec: { failurePolicy: 'Ignore' } } });
    await create({ z: '0' });
  });

  test('builds objects and lists as values', async () => {
    await policy([
      json(`[JSONPatch{op: "add", path: "/spec/containers/-", value: Object.spec.containers{
        name: "side", image: "side:1", ports: [Object.spec.containers.ports{containerPort: 80}]
      }}]`),
    ]);
    const { spec } = await admin.create(resources.pods, pod());
    expect(spec?.containers[1]).toMatchObject({ name: 'side', ports: [{ containerPort: 80, protocol: 'TCP' }] });
  });
});

test('policies see each other’s changes again when they want to', async () => {
  const count = json('[JSONPatch{op: "add", path: "/data/seen", value: string(size(object.data))}]');
  await policy([count], { reinvocationPolicy: 'IfNeeded' }, { name: 'a' });
  await policy([json('[JSONPatch{op: "add", path: "/data/late", value: "x"}]')], {}, { name: 'b' });
  expect((await create({ z: '0' })).data).toEqual({ z: '0', late: 'x', seen: '3' });
});

test('variables and parameters reach the mutations', async () => {
  await admin.create(resources.configMaps, {
    ...configMap({ team: 'blue' }),
    metadata: { name: 'params', namespace: 'default' },
  });
  await policy(
    [apply('Object{metadata: Object.metadata{labels: {"team": variables.team}}}')],
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      variables: [{ name: 'team', expression: 'params.data.team' }],
      matchConditions: [{ name: 'not-params', expression: 'object.metadata.name != "params"' }],
    },
    { binding: { paramRef: { name: 'params', parameterNotFoundAction: 'Deny' } } },
  );
  expect((await create()).metadata.labels).toEqual({ team: 'blue' });
});

test('what a policy makes is judged like what a client sends', async () => {
  await policy([json('[JSONPatch{op: "add", path: "/data", value: {"not a key": "x"}}]')]);
  expect((await refusal(create({ a: 'b' }))).code).toBe('Invalid');
});

test('a deletion is not changed', async () => {
  await create();
  await policy([json('[JSONPatch{op: "add", path: "/none/such", value: 1}]')], {
    matchConstraints: { resourceRules: [{ ...rule('configmaps'), operations: ['*'] }] },
  });
  await admin.delete(resources.configMaps, { name: 'x', namespace: 'default' });
});
