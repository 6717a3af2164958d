import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Informer } from '@berth/kube/client';
import type { EndpointSlice, Service } from '@berth/kube/objects';
import type { Logger } from 'pino';
import { type NamespaceRecords, serviceRecords } from './records.ts';

export interface RecordsWriterOptions {
  directory: string;
  services: Informer<Service>;
  endpointSlices: Informer<EndpointSlice>;
  logger: Logger;
  signal: AbortSignal;
}

const serviceLabel = 'kubernetes.io/service-name';
/** Changes that come together (a rollout's endpoints) are written together. */
const gathering = 20;

/**
 * Keeps the records' files equal to what services and endpoint slices say: one file a namespace, so that a change costs its
 * namespace and not the cluster. Resolves when everything known at the start is written.
 */
export async function keepRecords(options: RecordsWriterOptions): Promise<void> {
  const { directory, services, endpointSlices, logger, signal } = options;
  await mkdir(directory, { recursive: true });
  const dirty = new Set<string>();
  const written = new Map<string, string>();
  let wake = Promise.withResolvers<void>();
  const touch = (namespace: string | undefined) => {
    if (namespace === undefined) return;
    dirty.add(namespace);
    wake.resolve();
  };
  await Promise.all([services.synced, endpointSlices.synced]);
  const unsubscribe = [
    services.subscribe(({ object }) => touch(object.metadata.namespace)),
    endpointSlices.subscribe(({ object }) => {
      const { namespace, labels } = object.metadata;
      // Only the endpoints of headless services have names.
      const service = services.get({ ...(namespace ? { namespace } : {}), name: labels?.[serviceLabel] ?? '' });
      if (service?.spec?.clusterIP === 'None') touch(namespace);
    }),
  ];
  signal.addEventListener('abort', () => {
    for (const end of unsubscribe) end();
    wake.resolve();
  });

  async function writeNamespace(namespace: string): Promise<void> {
    const slices = Map.groupBy(endpointSlices.list(namespace), ({ metadata }) => metadata.labels?.[serviceLabel] ?? '');
    const records: NamespaceRecords = {};
    for (const service of services.list(namespace)) {
      const record = serviceRecords(service, slices.get(service.metadata.name) ?? []);
      if (record) records[service.metadata.name] = record;
    }
    const file = join(directory, `${namespace}.json`);
    if (Object.keys(records).length === 0) {
      await rm(file, { force: true });
      written.delete(namespace);
      return;
    }
    const text = JSON.stringify(records);
    if (written.get(namespace) === text) return;
    const draft = `${file}.${randomUUID()}.new`;
    await writeFile(draft, text);
    await rename(draft, file);
    written.set(namespace, text);
  }

  async function writeDirty(): Promise<void> {
    for (const namespace of [...dirty]) {
      dirty.delete(namespace);
      try {
        await writeNamespace(namespace);
      } catch (error) {
        // A full disk, most likely: the old names stay until the new ones can be written.
        dirty.add(namespace);
        throw error;
      }
    }
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      await wake.promise;
      await delay(gathering, undefined, { ref: false });
      if (signal.aborted) return;
      wake = Promise.withResolvers();
      try {
        await writeDirty();
      } catch (error) {
        logger.error({ err: error }, 'DNS records were not written; trying again');
        await delay(1_000, undefined, { signal }).catch(() => {});
        wake.resolve();
      }
    }
  }

  for (const file of await readdir(directory)) {
    // Namespaces that went while we were away, and drafts that a crash left.
    if (file.endsWith('.json')) touch(file.slice(0, -'.json'.length));
    else await rm(join(directory, file), { force: true });
  }
  await writeDirty();
  run().catch((error) => logger.error({ err: error }, 'DNS records are no longer written'));
}
