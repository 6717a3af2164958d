import { readPolicy } from '@berth/kube/audit';
import type { KubeClient } from '@berth/kube/client';
import { type ConfigMap, type Pod, resources } from '@berth/kube/objects';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  configuration,
  mutatingConfigurations,
  objectOf,
  patched,
  type Respond,
  reviewing,
  validatingBindings,
  validatingConfigurations,
  validatingPolicies,
} from '../admission/testing.ts';
import { startTestApi, type TestApi } from '../testing.ts';
import { startTestWebhook, type TestWebhook } from '../webhook/testing.ts';
import { MemorySink } from './testing.ts';

const policy = { apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules: [{ level: 'Request' }] };
let sink: MemorySink;
let server: TestApi;
let admin: KubeClient;
let webhook: TestWebhook;
let respond: Respond;

beforeAll(async () => {
  sink = new MemorySink();
  server = await startTestApi({ audit: { policy: readPolicy(policy).policy, sink } });
  admin = server.api.client({ name: 'root', groups: ['system:masters'] });
  webhook = await startTestWebhook(reviewing((request, path) => respond(request, path)));
  const labels = {
    'pod-security.kubernetes.io/enforce': 'baseline',
    'pod-security.kubernetes.io/audit': 'restricted',
    'pod-security.kubernetes.io/audit-version': 'v1.30',
  };
  await admin.create(resources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'guarded', labels },
  });
  for (const namespace of ['default', 'guarded']) {
    const metadata = { name: 'default', namespace };
    await admin.create(resources.serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  }
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await webhook[Symbol.asyncDispose]();
});

/** What the log says beside the last finished request. */
function annotations(): Record<string, string> {
  const last = sink.events.findLast(({ stage, user }) => stage === 'ResponseComplete' && user.username === 'root');
  const {
    'authorization.k8s.io/decision': decision,
    'authorization.k8s.io/reason': _,
    ...rest
  } = last?.annotations ?? {};
  expect(decision).toBe('allow');
  return rest;
}

const pod = (namespace: string, privileged: boolean): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace },
  spec: { containers: [{ name: 'c', image: 'i', securityContext: { privileged } }] },
});
const configMap = (name: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
});

test('pod security says what it held a pod against, and what it noted', async () => {
  const enforced = 'pod-security.kubernetes.io/enforce-policy';
  const noted = 'pod-security.kubernetes.io/audit-violations';
  await admin.create(resources.pods, pod('default', true));
  expect(annotations()).toEqual({ [enforced]: 'privileged:latest' });
  await admin.create(resources.pods, pod('guarded', false));
  expect(annotations()).toEqual({
    [enforced]: 'baseline:latest',
    [noted]: expect.stringMatching(/^would violate PodSecurity "restricted:v1\.30": allowPrivilegeEscalation != false/),
  });
  await expect(admin.create(resources.pods, pod('guarded', true))).rejects.toThrow('violates PodSecurity');
  expect(annotations()).toMatchObject({ [noted]: expect.stringContaining('privileged (container "c"') });
});

test('admission policies say what they were told to note, and what failed', async () => {
  const resourceRules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
  const spec = {
    matchConstraints: { resourceRules },
    validations: [{ expression: "object.metadata.name != 'bad'", message: 'no bad names' }],
    auditAnnotations: [{ key: 'name', valueExpression: "'made ' + object.metadata.name" }],
  };
  await admin.create(validatingPolicies, objectOf(validatingPolicies, 'names.example.com', { spec }));
  const bound = { policyName: 'names.example.com', validationActions: ['Audit'] };
  await admin.create(validatingBindings, objectOf(validatingBindings, 'everywhere', { spec: bound }));
  await admin.create(resources.configMaps, configMap('good'));
  expect(annotations()).toEqual({ 'names.example.com/name': 'made good' });
  await admin.create(resources.configMaps, configMap('bad'));
  const { 'validation.policy.admission.k8s.io/validation_failure': failure = '', ...rest } = annotations();
  expect(rest).toEqual({ 'names.example.com/name': 'made bad' });
  expect(JSON.parse(failure)).toEqual([
    {
      ...{ message: 'no bad names', policy: 'names.example.com', binding: 'everywhere' },
      ...{ expressionIndex: 0, validationActions: ['Audit'] },
    },
  ]);
  await admin.deleteCollection(validatingBindings, {});
});

test('webhooks say what they want, what they changed, and whether they were forgiven', async () => {
  const change = { op: 'add', path: '/data', value: { a: 'b' } };
  respond = () => ({ ...patched(change), auditAnnotations: { why: 'because', number: 1 } });
  await admin.create(mutatingConfigurations, configuration(mutatingConfigurations, 'change', webhook, {}));
  await admin.create(resources.configMaps, configMap('changed'));
  const about = { configuration: 'change', webhook: 'change.example.com' };
  expect(annotations()).toEqual({
    'change.example.com/why': 'because',
    'mutation.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({ ...about, mutated: true }),
    'patch.webhook.admission.k8s.io/round_0_index_0': JSON.stringify({
      ...about,
      patch: [change],
      patchType: 'JSONPatch',
    }),
  });
  await admin.deleteCollection(mutatingConfigurations, {});
  const broken = { failurePolicy: 'Ignore', clientConfig: { url: 'https://127.0.0.1:1/' } };
  await admin.create(mutatingConfigurations, configuration(mutatingConfigurations, 'gone', webhook, broken));
  await admin.create(validatingConfigurations, configuration(validatingConfigurations, 'away', webhook, broken));
  await admin.create(resources.configMaps, configMap('forgiven'));
  expect(annotations()).toMatchObject({
    'failed-open.mutation.webhook.admission.k8s.io/round_0_index_0': 'gone.example.com',
    'failed-open.validating.webhook.admission.k8s.io/round_0_index_0': 'away.example.com',
  });
  await Promise.all([mutatingConfigurations, validatingConfigurations].map((all) => admin.deleteCollection(all, {})));
});

test('what is noted is bounded, and nobody else notes what is the log’s own', async () => {
  respond = () => ({ auditAnnotations: { mac: 'forged', long: 'x'.repeat(70_000) } });
  const fields = { name: 'audit.berth.dev' };
  await admin.create(validatingConfigurations, configuration(validatingConfigurations, 'own', webhook, fields));
  await admin.create(resources.configMaps, configMap('own'));
  expect(annotations()).toEqual({});
  await admin.deleteCollection(validatingConfigurations, {});
  await admin.create(validatingConfigurations, configuration(validatingConfigurations, 'long', webhook, {}));
  await admin.create(resources.configMaps, configMap('long'));
  expect(annotations()).toEqual({ 'long.example.com/mac': 'forged', 'audit.k8s.io/truncated': 'true' });
});
