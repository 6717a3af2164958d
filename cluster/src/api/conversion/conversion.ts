import type { KubeObject } from '@berth/kube/objects';
import type { ServedKind } from '../kinds.ts';
import { encodeObject, type StoredObject } from '../storage/stored-object.ts';

/** How a version that is served is kept: as objects of another version, without loss in either direction. */
export interface Conversion {
  storage: ServedKind;
  toStorage(object: KubeObject): KubeObject;
  fromStorage(object: KubeObject): KubeObject;
}

const views = new WeakMap<StoredObject, Map<ServedKind, StoredObject>>();

/** A stored object in the version of `kind`; itself when that is the version that is kept. Made once for each. */
export function viewOf(kind: ServedKind, stored: StoredObject): StoredObject {
  if (!kind.conversion) return stored;
  const known = views.get(stored) ?? new Map<ServedKind, StoredObject>();
  views.set(stored, known);
  let view = known.get(kind);
  if (!view) {
    view = encodeObject(stored.key, kind.conversion.fromStorage(stored.object), stored.revision);
    known.set(kind, view);
  }
  return view;
}
