import type { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { asBuffer } from '../../encryption/index.ts';
import type { Revision } from '../../store/index.ts';
import type { SharedParts } from './shared-parts.ts';

/** In bytes: of larger objects nothing is shared. */
const longestShared = 64 * 1024;

/**
 * An object as it is in the store: its JSON, and its decoded form once somebody asked for it. Both are shared by every
 * reader, so nobody may change them.
 */
export class StoredObject {
  readonly key: string;
  readonly revision: Revision;
  /** Why it cannot be read: whoever asks for what it holds is told so. */
  readonly fault: BerthError | undefined;
  readonly #bytes: Buffer;
  readonly #shared: SharedParts | undefined;
  #object: KubeObject | undefined;

  /** `shared`: for one of many that live long. */
  constructor(key: string, value: Uint8Array, revision: Revision, shared?: SharedParts, fault?: BerthError) {
    this.key = key;
    this.#bytes = asBuffer(value);
    this.revision = revision;
    this.#shared = shared;
    this.fault = fault;
  }

  /** One that is there and cannot be read. */
  static unreadable(key: string, revision: Revision, fault: BerthError): StoredObject {
    return new StoredObject(key, Buffer.alloc(0), revision, undefined, fault);
  }

  get bytes(): Buffer {
    if (this.fault) throw this.fault;
    return this.#bytes;
  }

  /** In bytes. */
  get size(): number {
    return this.#bytes.length;
  }

  get object(): KubeObject {
    if (this.#object === undefined) {
      this.#object = JSON.parse(this.bytes.toString()) as KubeObject;
      // What is large is hardly one of many that are alike.
      if (this.bytes.length <= longestShared) this.#shared?.share(this.#object);
    }
    return this.#object;
  }

  /** What follows the type in the JSON of an object that is of this type: what `typePrefix` gives. */
  after(prefix: Buffer): Buffer {
    if (this.bytes.subarray(0, prefix.length).equals(prefix)) return this.bytes.subarray(prefix.length);
    // Kept by a version of Berth that did not write the type first.
    return encode(this.object, this.revision).subarray(prefix.length);
  }

  /** Drops the decoded form, which is made again for whoever asks. */
  forgetObject(): void {
    this.#object = undefined;
  }

  /** The same object saying another version: what a DELETED event carries. */
  at(revision: Revision): StoredObject {
    if (this.fault) return StoredObject.unreadable(this.key, revision, this.fault);
    const named = Buffer.from(`"resourceVersion":"${this.revision}"`);
    const at = this.bytes.indexOf(named);
    // Said once, it is the object's own: nothing has to be read and written again for it.
    if (at >= 0 && this.bytes.indexOf(named, at + 1) < 0) {
      const renamed = Buffer.from(`"resourceVersion":"${revision}"`);
      const bytes = Buffer.concat([this.bytes.subarray(0, at), renamed, this.bytes.subarray(at + named.length)]);
      return new StoredObject(this.key, bytes, revision);
    }
    return encodeObject(this.key, this.object, revision);
  }
}

/** Serializes `object` with `revision` as its resourceVersion. */
export function encodeObject(key: string, object: KubeObject, revision: Revision): StoredObject {
  return new StoredObject(key, encode(object, revision), revision);
}

/** The JSON of `object` with `revision` as its resourceVersion; with none when that is 0. `object` itself is not changed. */
export function encode(object: KubeObject, revision: Revision): Buffer {
  const metadata = { ...object.metadata, resourceVersion: revision === 0 ? undefined : String(revision) };
  const { apiVersion, kind, ...rest } = object;
  return Buffer.from(JSON.stringify({ apiVersion, kind, ...rest, metadata }));
}

/** How the JSON of an object of this type begins. */
export function typePrefix(apiVersion: string, kind: string): Buffer {
  return Buffer.from(`${JSON.stringify({ apiVersion, kind }).slice(0, -1)},`);
}
