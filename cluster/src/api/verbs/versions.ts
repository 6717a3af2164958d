import type { Revision } from '../../store/index.ts';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';

/** The `resourceVersion` of a read: undefined when unset, which means the newest. */
export function versionOption(call: Call): Revision | undefined {
  const text = call.options.get('resourceVersion');
  if (text === undefined || text === '') return undefined;
  return parseVersion(text);
}

export function parseVersion(text: string): Revision {
  const why = /^\d+$/.test(text) ? (BigInt(text) < 2n ** 64n ? undefined : 'value out of range') : 'invalid syntax';
  if (why) {
    const parsing = `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`;
    throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: ${parsing}`);
  }
  // What is larger lies in a future that this program will not see.
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

export function numberOption(call: Call, name: string): number | undefined {
  const text = call.options.get(name);
  if (text === undefined || text === '') return undefined;
  if (!/^[-+]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (!Number.isSafeInteger(Number(text))) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Number(text);
}
