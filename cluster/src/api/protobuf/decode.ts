import { readFileSync } from 'node:fs';
import { badRequest } from '../faults.ts';
import { fromInt64 } from '../int64.ts';
import { Reader } from './reader.ts';
import { special } from './special.ts';

/** JSON's name of a field, its type, and flags: r repeated, m map, i inline in JSON, p a pointer in Go. */
type Field = readonly [name: string, type: string, flags?: string];
type Messages = Readonly<Record<string, Readonly<Record<string, Field>>>>;

const magic = Buffer.from('k8s\0');
const deepest = 100;

/**
 * Reads bodies of `application/vnd.kubernetes.protobuf`, which kubectl's `create` commands and client-go send: the
 * envelope `runtime.Unknown` around a message of the kind that it names. Answers the object as JSON has it.
 */
export class ProtobufDecoder {
  #messages: Messages | undefined;

  /** Throws `BadRequest` for what is no such body, or of a kind that has no message here. */
  decode(body: Buffer): Record<string, unknown> {
    if (!body.subarray(0, 4).equals(magic))
      throw badRequest('the body does not begin as a Kubernetes protobuf message');
    const envelope = new Reader(body.subarray(4));
    let apiVersion = '';
    let kind = '';
    let raw: Uint8Array = new Uint8Array();
    while (!envelope.isDone) {
      const { number, value } = envelope.field();
      if (typeof value === 'bigint') continue;
      if (number === 1) ({ apiVersion, kind } = typeMeta(value));
      if (number === 2) raw = value;
    }
    const message = messageName(apiVersion, kind);
    if (this.#fields(message) === undefined)
      throw badRequest(`no protobuf message is known for ${kind} of ${apiVersion}`);
    return { apiVersion, kind, ...(this.#message(message, raw, 0) as object) };
  }

  #fields(message: string): Readonly<Record<string, Field>> | undefined {
    this.#messages ??= JSON.parse(
      readFileSync(new URL('./generated/messages.json', import.meta.url), 'utf8'),
    ) as Messages;
    return Object.hasOwn(this.#messages, message) ? this.#messages[message] : undefined;
  }

  #message(message: string, bytes: Uint8Array, depth: number): unknown {
    if (depth > deepest) throw badRequest(`the body nests deeper than ${deepest} levels`);
    const convert = special[message];
    if (convert) return convert(bytes, (below, value) => this.#message(below, value, depth + 1));
    const fields = this.#fields(message) ?? {};
    const object: Record<string, unknown> = {};
    const reader = new Reader(bytes);
    while (!reader.isDone) {
      const { number, value } = reader.field();
      const field = fields[number];
      if (!field) continue;
      const [name, type, flags = ''] = field;
      if (flags.includes('m')) {
        const [key, item] = this.#entry(type, value, depth);
        object[name] = Object.fromEntries([...Object.entries(object[name] ?? {}), [key, item]]);
        continue;
      }
      const item = this.#value(type, value, depth);
      if (flags.includes('r')) {
        const items = (object[name] as unknown[] | undefined) ?? [];
        object[name] = items;
        items.push(item);
      } else if (flags.includes('i')) {
        Object.assign(object, item);
      } else if (isSet(item, flags)) object[name] = item;
    }
    return object;
  }

  #value(type: string, value: bigint | Uint8Array, depth: number): unknown {
    if (typeof value === 'bigint') return type === 'bool' ? value !== 0n : fromInt64(value);
    switch (type) {
      case 'string':
        return Buffer.from(value).toString();
      case 'bytes':
        return Buffer.from(value).toString('base64');
      case 'double':
        return Buffer.from(value).readDoubleLE();
      default:
        return this.#message(type, value, depth + 1);
    }
  }

  #entry(type: string, value: bigint | Uint8Array, depth: number): [string, unknown] {
    let key = '';
    let item: unknown = type === 'string' || type === 'bytes' ? '' : undefined;
    const reader = new Reader(typeof value === 'bigint' ? new Uint8Array() : value);
    while (!reader.isDone) {
      const { number, value: part } = reader.field();
      if (number === 1 && typeof part !== 'bigint') key = Buffer.from(part).toString();
      if (number === 2) item = this.#value(type, part, depth);
    }
    return [key, item];
  }
}

/** Go writes zeros for what was never set, except where a pointer tells the two apart. */
function isSet(value: unknown, flags: string): boolean {
  if (value === undefined || value === null) return false;
  return flags.includes('p') || (value !== '' && value !== 0 && value !== false);
}

function typeMeta(bytes: Uint8Array): { apiVersion: string; kind: string } {
  const type = { apiVersion: '', kind: '' };
  const reader = new Reader(bytes);
  while (!reader.isDone) {
    const { number, value } = reader.field();
    if (typeof value === 'bigint') continue;
    if (number === 1) type.apiVersion = Buffer.from(value).toString();
    if (number === 2) type.kind = Buffer.from(value).toString();
  }
  return type;
}

/** `k8s.io.api.apps.v1.Deployment` of `apps/v1` and `Deployment`. */
function messageName(apiVersion: string, kind: string): string {
  if (kind === 'DeleteOptions') return 'k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions';
  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? 'core' : (apiVersion.slice(0, slash).split('.')[0] ?? '');
  return `${packages[group] ?? `k8s.io.api.${group}`}.${apiVersion.slice(slash + 1)}.${kind}`;
}

const packages: Readonly<Record<string, string>> = {
  apiextensions: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions',
  apiregistration: 'k8s.io.kube_aggregator.pkg.apis.apiregistration',
};
