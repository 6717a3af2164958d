import type { EventText, Json } from '../sink.ts';
import { withoutManagedFields } from './managed-fields.ts';

/** Events as they cross to the thread: one block of memory, and for each event the lengths of its parts. */
export interface Batch {
  bytes: ArrayBuffer;
  /** Per event: head, request, response, tail, and whether managed fields are left out. A body's length is -1 without it. */
  lengths: number[];
  /** Events that are not in it because there was no room to keep them. */
  missed: number;
}

const fieldsEach = 5;

export function packed(events: readonly EventText[], missed: number): Batch {
  const lengths: number[] = [];
  let size = 0;
  for (const { head, request, response, tail, omitManagedFields } of events) {
    const parts = [lengthOf(head), lengthOf(request), lengthOf(response), lengthOf(tail)];
    for (const length of parts) if (length > 0) size += length;
    lengths.push(...parts, omitManagedFields ? 1 : 0);
  }
  const bytes = new ArrayBuffer(size);
  const into = Buffer.from(bytes);
  let at = 0;
  const put = (json: Json | undefined) => {
    if (typeof json === 'string') at += into.write(json, at);
    else for (const part of json ?? []) at += part.copy(into, at);
  };
  for (const { head, request, response, tail } of events) for (const json of [head, request, response, tail]) put(json);
  return { bytes, lengths, missed };
}

/** The events of a batch put together, each open at its end. */
export function unpacked({ bytes, lengths }: Batch): Buffer[] {
  const from = Buffer.from(bytes);
  const events: Buffer[] = [];
  let at = 0;
  const take = (length: number) => {
    const part = from.subarray(at, at + length);
    at += length;
    return part;
  };
  for (let index = 0; index < lengths.length; index += fieldsEach) {
    const [head = 0, request = -1, response = -1, tail = 0, omits] = lengths.slice(index, index + fieldsEach);
    const parts: Buffer[] = [take(head)];
    for (const { name, length } of [
      { name: 'requestObject', length: request },
      { name: 'responseObject', length: response },
    ]) {
      if (length < 0) continue;
      const body = take(length);
      parts.push(Buffer.from(`"${name}":`), omits ? withoutManagedFields(body) : body, comma);
    }
    parts.push(take(tail));
    events.push(Buffer.concat(parts));
  }
  return events;
}

/** An event that was left open, as whole JSON. */
export function closed(open: Buffer): Buffer {
  const end = open.at(-1) === comma[0] ? open.length - 1 : open.length;
  return Buffer.concat([open.subarray(0, end), closing]);
}

const comma = Buffer.from(',');
const closing = Buffer.from('}}');

function lengthOf(json: Json | undefined): number {
  if (json === undefined) return -1;
  if (typeof json === 'string') return Buffer.byteLength(json);
  let length = 0;
  for (const part of json) length += part.length;
  return length;
}
