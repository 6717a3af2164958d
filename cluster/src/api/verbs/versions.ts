import type { Revision } from '../../store/index.ts';
import type { Call } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';

/** The `resourceVersion` of a read: undefined when unset, which means the newest. `saying` begins the refusal of another. */
export function versionOption(call: Call, saying = ''): Revision | undefined {
  const text = call.options.get('resourceVersion');
  if (text === undefined || text === '') return undefined;
  return parseVersion(text, saying);
}

/** Waits until what a read asks for is visible, or for all that is acknowledged; one of a far future is `Timeout`. */
export async function reach(storage: ObjectStorage, call: Call, version: Revision | undefined): Promise<void> {
  if (version === undefined) return await storage.caughtUp();
  if (version <= storage.revision) return;
  const asked = call.options.get('resourceVersion');
  await storage.reached(version, asked && asked !== '0' ? asked : undefined);
}

function parseVersion(text: string, saying: string): Revision {
  const why = /^\d+$/.test(text) ? (BigInt(text) < 2n ** 64n ? undefined : 'value out of range') : 'invalid syntax';
  if (why) {
    const parsing = `strconv.ParseUint: parsing ${JSON.stringify(text)}: ${why}`;
    throw badRequest(`${saying}resourceVersion: Invalid value: ${JSON.stringify(text)}: ${parsing}`);
  }
  // What is larger lies in a future that this program will not see.
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER);
}

export function numberOption(call: Call, name: string): number | undefined {
  const text = call.options.get(name);
  if (text === undefined) return undefined;
  if (!/^[-+]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (!Number.isSafeInteger(Number(text))) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  }
  return Number(text);
}
