import type { KubeClient, WatchEvent } from '@berth/kube/client';
import { BerthError, isBerthError } from '@berth/kube/errors';
import type { KubeObject, Resource } from '@berth/kube/objects';
import type { CustomResourceDefinition } from '@berth/kube/schema';
import { definitions } from './definition.ts';

const group = 'conformance.example.com';
const custom = { group, version: 'v1', resource: 'configmaps', kind: 'ConfigMap' };

/** Defines config maps a second time, as a custom kind. */
export async function defineConfigMaps(client: KubeClient): Promise<void> {
  const strings = { type: 'object' as const, additionalProperties: { type: 'string' as const } };
  const definition: CustomResourceDefinition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `configmaps.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'configmaps', kind: 'ConfigMap' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: { data: strings, binaryData: strings, immutable: { type: 'boolean' } },
            },
          },
        },
      ],
    },
  };
  await client.create(definitions, definition);
}

/** Errors name the group of a resource that has one. */
function renamed(error: unknown): never {
  if (!isBerthError(error)) throw error;
  const details = error.details ? { details: error.details } : {};
  throw new BerthError(error.code, error.message.replace(`configmaps.${group} `, 'configmaps '), details);
}

/** A client that takes the custom kind wherever it is asked for config maps: for tests that speak of those. */
export function withCustomConfigMaps(client: KubeClient): KubeClient {
  const of = <T extends KubeObject>(resource: Resource<T>): Resource<T> =>
    resource.group === '' && resource.resource === 'configmaps' ? { ...resource, ...custom } : resource;
  const out = <T extends KubeObject>(resource: Resource<T>, object: T): T =>
    of(resource) === resource ? object : { ...object, apiVersion: `${group}/v1` };
  const back = <T extends KubeObject | undefined>(resource: Resource, object: T): T =>
    object === undefined || of(resource) === resource ? object : { ...object, apiVersion: 'v1' };

  async function* watch<T extends KubeObject>(
    resource: Resource<T>,
    ...[options]: [Parameters<KubeClient['watch']>[1]?]
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    for await (const event of client.watch(of(resource), options)) {
      yield { ...event, object: back(resource, event.object) } as WatchEvent<T>;
    }
  }

  return {
    watch,
    get: async (resource, key, options) => back(resource, await client.get(of(resource), key, options).catch(renamed)),
    async list(resource, options) {
      const list = await client.list(of(resource), options);
      const apiVersion = of(resource) === resource ? list.apiVersion : 'v1';
      return { ...list, apiVersion, items: list.items.map((item) => back(resource, item)) };
    },
    create: async (resource, object, options) =>
      back(resource, await client.create(of(resource), out(resource, object), options).catch(renamed)),
    async update(resource, object, options) {
      const sent = out(resource, object);
      if (sent === object || sent.metadata.resourceVersion) {
        return back(resource, await client.update(of(resource), sent, options));
      }
      // A custom object is replaced in a version that is named, where any other is replaced as it is.
      const { metadata } = await client.get(of(resource), object.metadata);
      const { resourceVersion = '' } = metadata;
      const versioned = { ...sent, metadata: { ...sent.metadata, resourceVersion } };
      return back(resource, await client.update(of(resource), versioned, options));
    },
    patch: async (resource, key, patch, options) =>
      back(resource, await client.patch(of(resource), key, patch, options)),
    apply: async (resource, object, options) =>
      back(resource, await client.apply(of(resource), out(resource, object), options)),
    delete: async (resource, key, options) => back(resource, await client.delete(of(resource), key, options)),
    deleteCollection: (resource, options) => client.deleteCollection(of(resource), options),
    createSubresource: (resource, ...rest) => client.createSubresource(of(resource), ...rest),
  };
}
