import {
  ApiException,
  ApiextensionsV1Api,
  AppsV1Api,
  AuthorizationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1ConfigMap,
  V1Status,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Berth, startBerth, until } from './harness/index.ts';

/** What a program with Kubernetes' own JavaScript client relies on; nothing in it knows that the cluster is Berth. */
let berth: Berth;
const config = new KubeConfig();
let core: CoreV1Api;
const namespace = 'javascript';

beforeAll(async () => {
  berth = await startBerth({ args: ['--runtime', 'simulated'] });
  config.loadFromFile(berth.kubeconfig);
  core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: namespace } } });
});
afterAll(() => berth?.[Symbol.asyncDispose]());

const configMap = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels: { from: 'javascript' } },
  data,
});
const merging = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);

async function refusal(call: Promise<unknown>): Promise<{ code: number; status: V1Status }> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ApiException)) throw new Error(`was not refused by the API: ${String(error)}`);
  const status: unknown = typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
  return { code: error.code, status: Object.assign(new V1Status(), status) };
}

test('every verb, and refusals in Kubernetes’ words', async () => {
  const made = await core.createNamespacedConfigMap({ namespace, body: configMap('one', { a: '1' }) });
  expect(made.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const again = await refusal(core.createNamespacedConfigMap({ namespace, body: configMap('one') }));
  expect(again).toMatchObject({ code: 409, status: { message: 'configmaps "one" already exists' } });
  const body = { data: { b: '2' } };
  const patched = await core.patchNamespacedConfigMap({ namespace, name: 'one', body }, merging);
  expect(patched.data).toEqual({ a: '1', b: '2' });
  const stale = await refusal(core.replaceNamespacedConfigMap({ namespace, name: 'one', body: made }));
  expect(stale).toMatchObject({ code: 409, status: { reason: 'Conflict' } });
  const listed = await core.listNamespacedConfigMap({ namespace, labelSelector: 'from=javascript' });
  expect(listed.items.map((item) => item.metadata?.name)).toEqual(['one']);
  await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
  expect(await refusal(core.readNamespacedConfigMap({ namespace, name: 'one' }))).toMatchObject({
    code: 404,
    status: { message: 'configmaps "one" not found', details: { name: 'one', kind: 'configmaps' } },
  });
});

test('a watch tells every event in order', async () => {
  const seen: string[] = [];
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>();
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const watch = await new Watch(config).watch(
    path,
    { fieldSelector: 'metadata.name=watched' },
    (phase, object: V1ConfigMap) => {
      seen.push(`${phase} ${object.data?.a}`);
      if (phase === 'DELETED') resolve();
    },
    (error: unknown) => (seen.at(-1)?.startsWith('DELETED') ? resolve() : reject(error)),
  );
  await core.createNamespacedConfigMap({ namespace, body: configMap('watched', { a: '1' }) });
  await core.patchNamespacedConfigMap({ namespace, name: 'watched', body: { data: { a: '2' } } }, merging);
  await core.deleteNamespacedConfigMap({ namespace, name: 'watched' });
  await ended;
  watch.abort();
  expect(seen).toEqual(['ADDED 1', 'MODIFIED 2', 'DELETED 2']);
});

test('an informer holds what the server does, also after the server was killed', async () => {
  const labelSelector = 'informed=yes';
  const list = () => core.listNamespacedConfigMap({ namespace, labelSelector });
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, labelSelector);
  informer.on('error', () => {
    // As its documentation says: whoever uses it decides when to go on.
    setTimeout(() => void informer.start().catch(() => {}), 100);
  });
  const create = (name: string) => {
    const body = configMap(name);
    return core.createNamespacedConfigMap({
      namespace,
      body: { ...body, metadata: { ...body.metadata, labels: { informed: 'yes' } } },
    });
  };
  const versions = (maps: readonly V1ConfigMap[]) =>
    maps.map(({ metadata }) => `${metadata?.name} ${metadata?.resourceVersion}`).sort();
  const agrees = async () => expect(versions(informer.list())).toEqual(versions((await list()).items));
  await create('before');
  await informer.start();
  for (let i = 0; i < 10; i++) await create(`item-${i}`);
  for (let i = 0; i < 5; i++) await core.deleteNamespacedConfigMap({ namespace, name: `item-${i}` });
  await until('the informer to agree', async () => agrees().then(() => true));

  berth.process.kill('SIGKILL');
  await berth.restart();
  await create('after');
  await core.deleteNamespacedConfigMap({ namespace, name: 'before' });
  await until('the informer to agree again', async () => agrees().then(() => true));
  await informer.stop();
});

test('server-side apply, and who owns what', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const apply = (value: string, manager: string, force?: boolean) =>
    objects.patch(
      configMap('applied', { a: value }),
      undefined,
      undefined,
      manager,
      force,
      PatchStrategy.ServerSideApply,
    );
  await apply('1', 'one');
  expect(await refusal(apply('2', 'two'))).toMatchObject({
    code: 409,
    status: { message: 'Apply failed with 1 conflict: conflict with "one": .data.a' },
  });
  expect((await apply('2', 'two', true)).data).toEqual({ a: '2' });
});

test('a deployment comes up and is scaled', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const labels = { app: 'web' };
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: 'web' },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'localhost/web:1' }] } },
      },
    },
  });
  const ready = async () => (await apps.readNamespacedDeployment({ namespace, name: 'web' })).status?.readyReplicas;
  await until('two replicas', async () => (await ready()) === 2);
  const scale = await apps.readNamespacedDeploymentScale({ namespace, name: 'web' });
  expect(scale.status?.selector).toBe('app=web');
  await apps.replaceNamespacedDeploymentScale({ namespace, name: 'web', body: { ...scale, spec: { replicas: 1 } } });
  await until('one replica', async () => (await ready()) === 1);
});

test('kinds of one’s own, by their schema', async () => {
  const definitions = config.makeApiClient(ApiextensionsV1Api);
  const custom = config.makeApiClient(CustomObjectsApi);
  const name = 'notes.javascript.example.test';
  await definitions.createCustomResourceDefinition({
    body: {
      metadata: { name },
      spec: {
        group: 'javascript.example.test',
        scope: 'Namespaced',
        names: { plural: 'notes', singular: 'note', kind: 'Note' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: {
                  spec: {
                    type: 'object',
                    properties: { text: { type: 'string', maxLength: 5 }, size: { type: 'integer', _default: 3 } },
                  },
                  status: { type: 'object', x_kubernetes_preserve_unknown_fields: true },
                },
              },
            },
          },
        ],
      },
    },
  });
  await until('the definition to be established', async () => {
    const { status } = await definitions.readCustomResourceDefinition({ name });
    return status?.conditions?.some(({ type, status: is }) => type === 'Established' && is === 'True');
  });
  const where = { group: 'javascript.example.test', version: 'v1', namespace, plural: 'notes' };
  const note = (spec: object) => ({ apiVersion: `${where.group}/v1`, kind: 'Note', metadata: { name: 'n' }, spec });
  const made = await custom.createNamespacedCustomObject({ ...where, body: note({ text: 'hello', more: 1 }) });
  expect(made).toMatchObject({ spec: { text: 'hello', size: 3 } });
  expect(made.spec).not.toHaveProperty('more');
  const wrong = { ...where, body: { ...note({ text: 'too long' }), metadata: { name: 'm' } } };
  expect(await refusal(custom.createNamespacedCustomObject(wrong))).toMatchObject({
    code: 422,
    status: { message: expect.stringContaining('spec.text: Too long: may not be more than 5') },
  });
  await definitions.deleteCustomResourceDefinition({ name });
  // Where its group was there is no page, as on any server.
  await until('the kind to be gone', async () => {
    const answer = await custom.listNamespacedCustomObject(where).catch((error: unknown) => error);
    return answer instanceof ApiException && answer.code === 404 && answer.body === '404 page not found\n';
  });
});

test('what the user may do', async () => {
  const attributes = { verb: 'create', resource: 'pods', namespace };
  const review = await config
    .makeApiClient(AuthorizationV1Api)
    .createSelfSubjectAccessReview({ body: { spec: { resourceAttributes: attributes } } });
  expect(review.status?.allowed).toBe(true);
});
