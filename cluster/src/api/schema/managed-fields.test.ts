import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { KubeObject, Resource } from '@berth/kube/objects';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../testing.ts';

interface Step {
  op: 'create' | 'update' | 'apply' | 'merge' | 'json' | 'strategic';
  manager: string;
  force?: boolean;
  subresource?: string;
  apiVersion?: string;
  body: unknown;
  /** What came of it: the object, or an error of the API, or one that the judge gives without a status. */
  object?: KubeObject;
  error?: { code: number; message: string; causes?: unknown };
  text?: string;
  same?: boolean;
}

/** What Kubernetes' own code made of sequences of writes. The file says how it came about. */
const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('./golden/managed-fields.json.gz', import.meta.url))).toString(),
) as { scenarios: { kind: string; steps: Step[] }[] };

const plurals: Readonly<Record<string, string>> = {
  Deployment: 'deployments',
  ConfigMap: 'configmaps',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers',
  PodDisruptionBudget: 'poddisruptionbudgets',
};

let server: TestApi;
let client: KubeClient;
beforeAll(async () => {
  // One moment, so that entries are ordered by name as where the data was made.
  server = await startTestApi({ now: () => new Date('2026-01-01T00:00:00Z') });
  client = server.api.client({ name: 'root', groups: ['system:masters'] });
});
afterAll(async () => await server[Symbol.asyncDispose]());

function resourceOf(kind: string, apiVersion = 'v1'): Resource {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  return { group, version, resource: plurals[kind] ?? '', kind, namespaced: true };
}

/** The scenario in a namespace of its own. */
function moved<T>(value: T, namespace: string): T {
  const text = JSON.stringify(value ?? null);
  return JSON.parse(text.replaceAll(/(\\?)"namespace\1":\1"default\1"/g, `$1"namespace$1":$1"${namespace}$1"`)) as T;
}

function scrubbed(object: KubeObject): unknown {
  const { uid, resourceVersion, creationTimestamp, generation, ...metadata } = object.metadata;
  const managedFields = metadata.managedFields?.map((entry) => (entry.time ? { ...entry, time: 'T' } : entry));
  return { ...object, metadata: managedFields ? { ...metadata, managedFields } : metadata };
}

/** Go writes null for some lists that are not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(fields.map(([name, item]) => [name, withoutNulls(item)]));
}

async function take(step: Step, resource: Resource, name: string, namespace: string): Promise<KubeObject> {
  const options = {
    fieldManager: step.manager,
    ...(step.subresource ? { subresource: step.subresource } : {}),
    ...(step.op === 'apply' && step.force !== undefined ? { force: step.force } : {}),
  };
  const body = moved(step.body, namespace) as KubeObject;
  if (step.op === 'create') return await client.create(resource, body, options);
  if (step.op === 'update') return await client.update(resource, body, options);
  if (step.op === 'apply') return await client.apply(resource, body, options);
  return await client.patch(resource, { namespace, name }, { type: step.op, body } as never, options);
}

describe('who owns which fields, as Kubernetes has it', () => {
  test.each(golden.scenarios.map(({ kind, steps }, index) => ({ kind, steps, index })))(
    '$kind $index',
    async ({ kind, steps, index }) => {
      const namespace = `n${index}`;
      const namespaces: Resource = {
        group: '',
        version: 'v1',
        resource: 'namespaces',
        kind: 'Namespace',
        namespaced: false,
      };
      await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
      const first = steps[0]?.body as KubeObject | undefined;
      const name = first?.metadata.name ?? '';
      let version: string | undefined;
      for (const [position, step] of steps.entries()) {
        const at = `step ${position}: ${step.op} ${step.subresource ?? ''} by ${step.manager}`;
        const resource = resourceOf(kind, step.apiVersion);
        if (step.object === undefined) {
          const error = await take(step, resource, name, namespace).catch((thrown: unknown) => thrown);
          expect(isBerthError(error), at).toBe(true);
          if (!isBerthError(error) || step.error === undefined) continue;
          expect({ at, message: error.message }).toEqual({ at, message: step.error.message });
          continue;
        }
        const object = await take(step, resource, name, namespace);
        expect({ at, object: scrubbed(object) }).toEqual({ at, object: withoutNulls(moved(step.object, namespace)) });
        if (version !== undefined) expect(object.metadata.resourceVersion === version, at).toBe(step.same === true);
        version = object.metadata.resourceVersion;
      }
    },
  );
});
