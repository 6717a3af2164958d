import { type MacKey, macOf } from './mac.ts';

/** Where a record stands in the chain: the first has sequence 1. */
export interface Link {
  sequence: number;
  /** HMAC-SHA256 over the mac of the record before and the record, in base64url: 43 characters. */
  mac: string;
}

/** What the first record of all follows on. */
export const beginning: Link = { sequence: 0, mac: '' };

const macName = ',"audit.berth.dev/mac":"';
const ending = '"}}';
const macLength = 43;
/** Bytes of a line behind what its mac is made of. */
const sealBytes = macName.length + macLength + ending.length;

/** Bytes by which an event grows, at most, when it becomes a line. */
export const sealedBytes = '"audit.berth.dev/sequence":""'.length + 16 + sealBytes + 1;

const sequencePattern = /"audit\.berth\.dev\/sequence":"(\d+)"$/;

/**
 * Makes an event a record that follows on another: its last two annotations say its place and its mac, so that it is
 * still an event. `open` is the event up to the end of its annotations, with a comma where there are some.
 */
export function seal(key: MacKey, before: Link, open: Buffer): { line: Buffer; link: Link } {
  const sequence = before.sequence + 1;
  const body = Buffer.concat([open, Buffer.from(`"audit.berth.dev/sequence":"${sequence}"`)]);
  const mac = macOf(key, before.mac, body);
  return { line: Buffer.concat([body, Buffer.from(`${macName}${mac}${ending}\n`)]), link: { sequence, mac } };
}

/** A record taken apart again, without its line break; undefined when it is none. */
export function unseal(line: Buffer): { body: Buffer; link: Link } | undefined {
  const at = line.length - sealBytes;
  if (at <= 0) return undefined;
  const tail = line.subarray(at).toString('latin1');
  if (!tail.startsWith(macName) || !tail.endsWith(ending)) return undefined;
  const body = line.subarray(0, at);
  const found = sequencePattern.exec(body.subarray(Math.max(0, at - 64)).toString('latin1'));
  if (!found) return undefined;
  return { body, link: { sequence: Number(found[1]), mac: tail.slice(macName.length, -ending.length) } };
}
