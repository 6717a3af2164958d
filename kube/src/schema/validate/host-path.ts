import { type Fields, text } from '../fields.ts';
import type { Problems } from './problems.ts';

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

/** A directory or file of the node. */
export function validateHostPath(hostPath: Fields, at: string, problems: Problems): void {
  const path = text(hostPath, 'path') ?? '';
  if (path === '') problems.required(`${at}.path`);
  else if (path.split('/').includes('..')) problems.invalid(`${at}.path`, path, "must not contain '..'");
  const type = text(hostPath, 'type') ?? '';
  if (!hostPathTypes.includes(type)) problems.unsupported(`${at}.type`, type, hostPathTypes);
}
