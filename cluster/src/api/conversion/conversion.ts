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
  /** An object of any other version in this one, with nothing filled in; absent where only kept objects are converted. */
  fromVersion?(object: KubeObject): KubeObject | Promise<KubeObject>;
}

/** A conversion by two functions. */
export function convertEach(
  toStorage: (object: KubeObject) => KubeObject,
  fromStorage: (object: KubeObject) => KubeObject,
): Conversion {
  return { toStorage, fromStorage: (objects) => objects.map(fromStorage) };
}

/** By the conversion rather than by the kind, since a custom kind gets another one when its definition changes. */
const views = new WeakMap<StoredObject, WeakMap<Conversion, StoredObject | Promise<StoredObject>>>();

/** A stored object in the version of `kind`, when that is known already. */
export function knownView(kind: ServedKind, stored: StoredObject): StoredObject | undefined {
  if (!kind.conversion) return stored;
  const known = views.get(stored)?.get(kind.conversion);
  return known instanceof Promise ? undefined : known;
}

/**
 * Stored objects in the version of `kind`; each is converted once, however many ask. Answers at once, without a promise,
 * when nothing has to be waited for. Rejects with what the conversion says.
 */
export function viewsOf(
  kind: ServedKind,
  stored: readonly StoredObject[],
): readonly StoredObject[] | Promise<readonly StoredObject[]> {
  const { conversion } = kind;
  if (!conversion) return stored;
  const unknown = stored.filter((one) => !views.get(one)?.has(conversion));
  if (unknown.length > 0) {
    const converted = conversion.fromStorage(unknown.map((one) => one.object));
    for (const [index, one] of unknown.entries()) {
      if (converted instanceof Promise) expect(conversion, one, converted, index);
      else remember(conversion, one, viewFrom(one, converted[index] as KubeObject));
    }
  }
  const found = stored.map((one) => views.get(one)?.get(conversion));
  return found.some((view) => view instanceof Promise)
    ? (Promise.all(found) as Promise<StoredObject[]>)
    : (found as StoredObject[]);
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

/** A view that is on its way. One that does not come is asked for again the next time. */
function expect(
  conversion: Conversion,
  stored: StoredObject,
  converted: Promise<readonly KubeObject[]>,
  index: number,
): void {
  const view = converted.then((objects) => {
    const arrived = viewFrom(stored, objects[index] as KubeObject);
    remember(conversion, stored, arrived);
    return arrived;
  });
  view.catch(() => views.get(stored)?.delete(conversion));
  remember(conversion, stored, view);
}

function viewFrom(stored: StoredObject, object: KubeObject): StoredObject {
  return object === stored.object ? stored : encodeObject(stored.key, object, stored.revision);
}

function remember(conversion: Conversion, stored: StoredObject, view: StoredObject | Promise<StoredObject>): void {
  const known = views.get(stored) ?? new WeakMap<Conversion, StoredObject | Promise<StoredObject>>();
  views.set(stored, known);
  known.set(conversion, view);
  // What is in the version already is its own view.
  if (!(view instanceof Promise) && view !== stored) views.set(view, new WeakMap([[conversion, view]]));
}
