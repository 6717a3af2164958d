import type { KubeObject } from '@berth/kube/objects';
import type { ServedKind } from '../kinds.ts';
import { encodeObject, type StoredObject } from '../storage/stored-object.ts';

/**
 * How a version that is served relates to what is kept: objects of any version that was ever the one to keep. Either
 * direction may take time, since a webhook may have to be asked; what is known at once is answered at once.
 */
export interface Conversion {
  /** An object of this version as it is to be kept. */
  toStorage(object: KubeObject): KubeObject | Promise<KubeObject>;
  /** Kept objects in this version, in the same order. One that is shown as it is kept is answered itself. */
  fromStorage(objects: readonly KubeObject[]): readonly KubeObject[] | Promise<readonly KubeObject[]>;
}

/** A conversion by two functions. */
export function convertEach(
  toStorage: (object: KubeObject) => KubeObject,
  fromStorage: (object: KubeObject) => KubeObject,
): Conversion {
  return { toStorage, fromStorage: (objects) => objects.map(fromStorage) };
}

const views = new WeakMap<StoredObject, WeakMap<ServedKind, StoredObject>>();

/** A stored object in the version of `kind`, when that is known already. */
export function knownView(kind: ServedKind, stored: StoredObject): StoredObject | undefined {
  return kind.conversion ? views.get(stored)?.get(kind) : stored;
}

/**
 * Stored objects in the version of `kind`; each is converted once. Answers at once, without a promise, when nothing has
 * to be waited for. Rejects with what the conversion says.
 */
export function viewsOf(
  kind: ServedKind,
  stored: readonly StoredObject[],
): readonly StoredObject[] | Promise<readonly StoredObject[]> {
  const { conversion } = kind;
  if (!conversion) return stored;
  const unknown = stored.filter((one) => knownView(kind, one) === undefined);
  const keep = (objects: readonly KubeObject[]) => {
    for (const [index, one] of unknown.entries()) remember(kind, one, objects[index] as KubeObject);
    return stored.map((one) => knownView(kind, one) as StoredObject);
  };
  if (unknown.length === 0) return keep([]);
  const converted = conversion.fromStorage(unknown.map((one) => one.object));
  return converted instanceof Promise ? converted.then(keep) : keep(converted);
}

/** An object in the version of `kind` as it is to be kept. */
export function toStorage(kind: ServedKind, object: KubeObject): KubeObject | Promise<KubeObject> {
  return kind.conversion ? kind.conversion.toStorage(object) : object;
}

/** One stored object in the version of `kind`. */
export async function viewOf(kind: ServedKind, stored: StoredObject): Promise<StoredObject> {
  const [view] = await viewsOf(kind, [stored]);
  return view as StoredObject;
}

function remember(kind: ServedKind, stored: StoredObject, object: KubeObject): void {
  const known = views.get(stored) ?? new WeakMap<ServedKind, StoredObject>();
  views.set(stored, known);
  const view = object === stored.object ? stored : encodeObject(stored.key, object, stored.revision);
  known.set(kind, view);
  // What is in the version already is its own view.
  if (view !== stored) views.set(view, new WeakMap([[kind, view]]));
}
