import type { EventText, Json } from '../sink.ts';
import { withoutManagedFields } from './managed-fields.ts';

const comma = Buffer.from(',');
const closing = Buffer.from('}}');

/** An event put together, open at its end for what seals it: after the opening of its annotations, or after a comma. */
export function opened({ head, request, response, tail, omitManagedFields }: EventText): Buffer {
  const parts: Buffer[] = [Buffer.from(head)];
  const put = (name: string, json: Json | undefined) => {
    if (json === undefined) return;
    const body = typeof json === 'string' ? [Buffer.from(json)] : json;
    parts.push(Buffer.from(`"${name}":`));
    if (omitManagedFields) parts.push(withoutManagedFields(Buffer.concat(body)));
    else parts.push(...body);
    parts.push(comma);
  };
  put('requestObject', request);
  put('responseObject', response);
  parts.push(Buffer.from(tail));
  return Buffer.concat(parts);
}

/** An event that was left open, as whole JSON. */
export function closed(open: Buffer): Buffer {
  const end = open.at(-1) === comma[0] ? open.length - 1 : open.length;
  return Buffer.concat([open.subarray(0, end), closing]);
}
