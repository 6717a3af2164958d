import type { KubeClient } from '@berth/kube/client';
import type { KubeObject, Resource } from '@berth/kube/objects';
import type { CustomResourceDefinition, CustomResourceDefinitionVersion, Schema } from '@berth/kube/schema';
import { startTestApi } from '../testing.ts';
import { startTestWebhook } from '../webhook/testing.ts';
import { asDefinition, definitions } from './definition.ts';

export const masters = { name: 'root', groups: ['system:masters'] };

export const boatSchema: Schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      properties: {
        length: { type: 'integer', minimum: 1, description: 'From stem to stern, in metres.' },
        colour: { type: 'string', default: 'white' },
        replicas: { type: 'integer' },
        crew: {
          type: 'array',
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, role: { type: 'string' } },
          },
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
        },
      },
    },
    status: {
      type: 'object',
      properties: { replicas: { type: 'integer' }, selector: { type: 'string' }, afloat: { type: 'boolean' } },
    },
  },
};

export function boatVersion(
  name: string,
  more: Partial<CustomResourceDefinitionVersion> = {},
): CustomResourceDefinitionVersion {
  return { name, served: true, storage: true, schema: { openAPIV3Schema: boatSchema }, ...more };
}

/** `boats.example.com` unless it says otherwise. */
export function boats(
  versions: readonly CustomResourceDefinitionVersion[] = [boatVersion('v1')],
  more: Partial<CustomResourceDefinition['spec']> = {},
): CustomResourceDefinition {
  const names = { plural: 'boats', kind: 'Boat', ...more.names };
  const group = more.group ?? 'example.com';
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${group}` },
    spec: { group, scope: 'Namespaced', versions: [...versions], ...more, names },
  };
}

export function boatResource(version = 'v1'): Resource {
  return { group: 'example.com', version, resource: 'boats', kind: 'Boat', namespaced: true };
}

export function boat(name: string, spec: Record<string, unknown> = {}, version = 'v1'): KubeObject {
  return {
    apiVersion: `example.com/${version}`,
    kind: 'Boat',
    metadata: { namespace: 'default', name },
    spec,
  } as KubeObject;
}

/** Waits until the definition is as `predicate` wants it; answers undefined once it is gone. */
export async function definitionWhere(
  client: KubeClient,
  name: string,
  predicate: (definition: CustomResourceDefinition | undefined) => boolean,
): Promise<CustomResourceDefinition | undefined> {
  const signal = AbortSignal.timeout(20_000);
  const options = { fieldSelector: `metadata.name=${name}`, signal };
  const list = await client.list(definitions, options);
  if (predicate(list.items[0])) return list.items[0];
  const { resourceVersion } = list.metadata;
  const from = resourceVersion === undefined ? {} : { resourceVersion };
  for await (const { type, object } of client.watch(definitions, { ...options, ...from })) {
    const now = type === 'DELETED' ? undefined : asDefinition(object);
    if (predicate(now)) return now;
  }
  throw new Error(`the definition ${name} never came to be as it should`);
}

export function condition(definition: CustomResourceDefinition | undefined, type: string) {
  return definition?.status?.conditions?.find((one) => one.type === type);
}

/** What a conversion webhook is asked. */
export interface ConversionReview {
  apiVersion: string;
  kind: string;
  request: { uid: string; desiredAPIVersion: string; objects: KubeObject[] };
}

/** v1 has `spec.length` in metres, v2 `spec.feet`. */
export function convertedBoat(object: KubeObject, apiVersion: string): KubeObject {
  const { length, feet, ...spec } = (object.spec ?? {}) as { length?: number; feet?: number };
  const there = length === undefined ? {} : { feet: length * 3 };
  const back = feet === undefined ? {} : { length: feet / 3 };
  const { spec: _, ...rest } = object;
  const now = { ...spec, ...(apiVersion.endsWith('v2') ? there : back) };
  return { ...rest, apiVersion, ...(Object.keys(now).length === 0 && !object.spec ? {} : { spec: now }) };
}

const inFeet = structuredClone(boatSchema);
if (inFeet.properties?.spec?.properties) {
  inFeet.properties.spec.properties = { feet: { type: 'integer' }, colour: { type: 'string' } };
}

/** Boats of v1, which is kept, and of v2, and a webhook that converts them unless `answer` has something else to say. */
export async function startConverted(answer?: (review: ConversionReview) => unknown) {
  const requests: ConversionReview['request'][] = [];
  const hook = await startTestWebhook((body) => {
    const review = body as ConversionReview;
    requests.push(review.request);
    const { uid, desiredAPIVersion, objects } = review.request;
    const usual = {
      apiVersion: review.apiVersion,
      kind: 'ConversionReview',
      response: {
        uid,
        result: { status: 'Success' },
        convertedObjects: objects.map((object) => convertedBoat(object, desiredAPIVersion)),
      },
    };
    return answer?.(review) ?? usual;
  });
  const server = await startTestApi();
  const client = server.api.client(masters);
  const clientConfig = { url: `${hook.url}/convert`, caBundle: hook.caBundle };
  const conversion = { strategy: 'Webhook' as const, webhook: { conversionReviewVersions: ['v1'], clientConfig } };
  const v2 = boatVersion('v2', { storage: false, schema: { openAPIV3Schema: inFeet } });
  await client.create(definitions, boats([boatVersion('v1'), v2], { conversion }));
  return {
    client,
    requests,
    hook,
    server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await hook[Symbol.asyncDispose]();
    },
  };
}
