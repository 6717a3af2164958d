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
  if (!/^\d{1,15}$/.test(text)) {
    throw badRequest(`Invalid value: "${text}": resourceVersion must be a whole number that the server gave`);
  }
  return Number(text);
}

export function numberOption(call: Call, name: string): number | undefined {
  const text = call.options.get(name);
  if (text === undefined || text === '') return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing "${text}": invalid syntax (${name})`);
  return Number(text);
}
