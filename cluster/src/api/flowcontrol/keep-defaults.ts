import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { KubeObject, Resource } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { ensure } from '../bootstrap/ensure.ts';
import { resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { autoUpdate, type DefaultObjects, mandatory, suggested } from './defaults.ts';
import { levelResource, type PriorityLevelSpec, schemaResource } from './types.ts';

const fieldManager = 'api-priority-and-fairness-config-producer-v1';

type Specified = KubeObject & { spec: object };

/**
 * Makes the objects that every cluster has, puts right what was changed of the mandatory ones and of those whose
 * annotation `apf.kubernetes.io/autoupdate-spec` says so, and removes those that an earlier version kept. Source:
 * `pkg/registry/flowcontrol/ensurer` of Kubernetes.
 */
export async function keepDefaultFlows(client: KubeClient): Promise<void> {
  await keepAll(client, suggested, false);
  await keepAll(client, mandatory, true);
  await removeUnwanted(client, schemaResource, [...mandatory.schemas, ...suggested.schemas]);
  await removeUnwanted(client, levelResource, [...mandatory.levels, ...suggested.levels]);
}

/** Does so again whenever one of these objects changes; answers how to stop. */
export function startKeepingFlows(parts: { storage: ObjectStorage; client: KubeClient; logger: Logger }): () => void {
  const { storage, client, logger } = parts;
  let isDue = false;
  let isRunning = false;
  const keepOn = async () => {
    if (isRunning) return;
    isRunning = true;
    while (isDue) {
      isDue = false;
      try {
        await keepDefaultFlows(client);
      } catch (error) {
        logger.warn({ err: error }, 'the default flow schemas and priority levels are not kept');
      }
    }
    isRunning = false;
  };
  const stops = [schemaResource, levelResource].map(({ group, resource }) =>
    storage.listen(resourcePrefix(group, resource), ({ type, object, previous }) => {
      if (type === 'put' && previous && isDeepStrictEqual(keptOf(object), keptOf(previous))) return;
      isDue = true;
      void keepOn();
    }),
  );
  return () => {
    for (const stop of stops) stop();
  };
}

/** What is kept of an object. */
function keptOf({ object }: StoredObject) {
  const { metadata, spec } = object as Specified;
  return { spec, annotations: metadata.annotations };
}

async function keepAll(client: KubeClient, { levels, schemas }: DefaultObjects, isMandatory: boolean): Promise<void> {
  await Promise.all([
    ...levels.map((level) => keep(client, levelResource, level, isMandatory)),
    ...schemas.map((schema) => keep(client, schemaResource, schema, isMandatory)),
  ]);
}

async function keep<T extends Specified>(
  client: KubeClient,
  resource: Resource<T>,
  wanted: T,
  isMandatory: boolean,
): Promise<void> {
  try {
    const { metadata, spec } = wanted;
    const present = (await ensure(client, resource as Resource, { metadata, spec }, fieldManager)) as T | undefined;
    if (!present) return;
    const updatesSpec = isMandatory || isKept(present);
    const isAnnotated = booleanOf(present.metadata.annotations?.[autoUpdate]) === updatesSpec;
    const isOther = updatesSpec && !isDeepStrictEqual(expected(wanted, present), present.spec);
    if (isAnnotated && !isOther) return;
    const annotations = { ...present.metadata.annotations, [autoUpdate]: String(updatesSpec) };
    const revised = { ...present, metadata: { ...present.metadata, annotations } };
    await client.update(resource, isOther ? { ...revised, spec } : revised, { fieldManager });
  } catch (error) {
    // Somebody was faster: it will be looked at again.
    if (!isBerthError(error, 'Conflict') && !isBerthError(error, 'AlreadyExists') && !isBerthError(error, 'NotFound'))
      throw error;
  }
}

/** Of the exempt level an administrator may say how many shares it lends. */
function expected<T extends Specified>(wanted: T, present: T): object {
  const { exempt } = present.spec as PriorityLevelSpec;
  return wanted.kind === levelResource.kind && wanted.metadata.name === 'exempt' && exempt
    ? { ...wanted.spec, exempt }
    : wanted.spec;
}

/** Whether the suggestion counts: as the annotation says, or else unless somebody has changed the object. */
function isKept({ metadata }: KubeObject): boolean {
  return booleanOf(metadata.annotations?.[autoUpdate]) ?? metadata.generation === 1;
}

/** As Go's `strconv.ParseBool` reads it. */
function booleanOf(text: string | undefined): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text ?? '')) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(text ?? '') ? false : undefined;
}

async function removeUnwanted<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  wanted: readonly KubeObject[],
): Promise<void> {
  const names = new Set(wanted.map(({ metadata }) => metadata.name));
  for (const { metadata } of (await client.list(resource)).items) {
    if (names.has(metadata.name) || booleanOf(metadata.annotations?.[autoUpdate]) !== true) continue;
    try {
      await client.delete(resource, { name: metadata.name });
    } catch (error) {
      if (!isBerthError(error, 'NotFound')) throw error;
    }
  }
}
