import type { KubeClient, Patch, WatchEvent } from '../client/types.ts';
import { BerthError } from '../errors/index.ts';
import { type KubeObject, keyOf, type ObjectKey, type Resource } from '../objects/index.ts';

/**
 * A few verbs over a map, for this folder's tests: versions, conflicts and watches are right, nothing else is. Whether a
 * client is right is judged by the conformance suite, against real ones.
 */
export function fakeClient() {
  const objects = new Map<string, KubeObject>();
  const events: { resource: string; version: number; event: WatchEvent }[] = [];
  const calls: string[] = [];
  const watchers = new Set<() => void>();
  let version = 1;
  /** Called before each write; what it throws is the answer. */
  const hooks: { before?: (call: string) => void | Promise<void> } = {};

  const at = (resource: Resource, key: ObjectKey) => `${resource.resource}/${keyOf({ metadata: key })}`;
  function found(resource: Resource, key: ObjectKey): KubeObject {
    const object = objects.get(at(resource, key));
    if (!object) throw new BerthError('NotFound', `${resource.resource} "${key.name}" not found`);
    return object;
  }
  function keep<T extends KubeObject>(resource: Resource<T>, object: T, type: 'ADDED' | 'MODIFIED' | 'DELETED'): T {
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: `${++version}` } };
    if (type === 'DELETED') objects.delete(at(resource as Resource, object.metadata));
    else objects.set(at(resource as Resource, object.metadata), kept);
    events.push({ resource: resource.resource, version, event: { type, object: kept } });
    for (const wake of watchers) wake();
    return kept;
  }
  async function before(call: string): Promise<void> {
    calls.push(call);
    await hooks.before?.(call);
  }

  const client = {
    async get(resource: Resource, key: ObjectKey) {
      return found(resource, key);
    },
    async list(resource: Resource) {
      const items = [...objects.entries()].filter(([name]) => name.startsWith(`${resource.resource}/`));
      const metadata = { resourceVersion: `${version}` };
      return { apiVersion: 'v1', kind: `${resource.kind}List`, metadata, items: items.map(([, object]) => object) };
    },
    async *watch(resource: Resource, options: { resourceVersion?: string; signal?: AbortSignal }) {
      let next = events.findIndex((each) => each.version > Number(options.resourceVersion));
      if (next < 0) next = events.length;
      while (!options.signal?.aborted) {
        for (; next < events.length; next++) {
          const each = events[next];
          if (each?.resource === resource.resource) yield each.event;
        }
        await new Promise<void>((resolve) => {
          const wake = () => {
            watchers.delete(wake);
            resolve();
          };
          watchers.add(wake);
          options.signal?.addEventListener('abort', wake);
        });
      }
    },
    async create(resource: Resource, object: KubeObject) {
      await before(`create ${at(resource, object.metadata)}`);
      if (objects.has(at(resource, object.metadata))) throw new BerthError('AlreadyExists', 'already exists');
      return keep(resource, { ...object, metadata: { uid: `uid-${version}`, ...object.metadata } }, 'ADDED');
    },
    async update(resource: Resource, object: KubeObject) {
      await before(`update ${at(resource, object.metadata)}`);
      const present = found(resource, object.metadata);
      const expected = object.metadata.resourceVersion;
      if (expected !== undefined && expected !== present.metadata.resourceVersion) {
        throw new BerthError('Conflict', 'the object has been modified');
      }
      return keep(resource, object, 'MODIFIED');
    },
    /** The top level of a merge patch. */
    async patch(resource: Resource, key: ObjectKey, patch: Patch) {
      await before(`patch ${at(resource, key)}`);
      return keep(resource, { ...found(resource, key), ...(patch.body as object) }, 'MODIFIED');
    },
    async delete(resource: Resource, key: ObjectKey) {
      await before(`delete ${at(resource, key)}`);
      keep(resource, found(resource, key), 'DELETED');
      return undefined;
    },
  };
  return { client: client as unknown as KubeClient, objects, calls, hooks };
}
