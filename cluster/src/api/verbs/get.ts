import type { Answer, Call } from '../call.ts';
import { viewOf } from '../conversion/conversion.ts';
import { notFound } from '../faults.ts';
import type { Machinery } from '../machinery.ts';
import { objectKey } from '../storage/keys.ts';
import type { StoredObject } from '../storage/stored-object.ts';
import { reach, versionOption } from './versions.ts';

/** One object, the newest or one not older than the version asked for. */
export async function get(machinery: Machinery, call: Call): Promise<Answer> {
  return { type: 'object', object: await viewOf(call.kind, await find(machinery, call)) };
}

/** The object that a call is about as it is kept, or `NotFound`. */
export async function find({ storage }: Machinery, call: Call): Promise<StoredObject> {
  const version = versionOption(call);
  if (version !== undefined || !storage.isFresh) await reach(storage, call, version);
  const object = storage.get(objectKey(call.kind.prefix, call.namespace, call.name));
  if (!object) throw notFound(call.kind.description, call.name);
  return object;
}
