import type { EncryptionControl, EncryptionStatus } from '@berth/cluster';
import { callControl } from '../control.ts';
import { requireRunning } from '../instance.ts';

type Rotated = Awaited<ReturnType<EncryptionControl['rotate']>>;
type Rewritten = Awaited<ReturnType<EncryptionControl['rewrite']>>;

interface Options {
  dataDir: string;
  output: 'text' | 'json';
}

/** Prints how many values are kept in which way. Exit status 1 when some cannot be read, or a service is not well. */
export async function status(options: Options): Promise<void> {
  const found = await call<EncryptionStatus>(options.dataDir, '/secrets');
  const isWell = found.unreadable.length === 0 && found.services.every(({ fault }) => fault === undefined);
  process.exitCode = isWell ? 0 : 1;
  if (options.output === 'json') return print(JSON.stringify(found, null, 2));
  print(`Keys: ${found.file}${found.keys === 'own' ? ", Berth's own" : ''}`);
  const rows = found.resources.flatMap(({ resource, keys }) =>
    keys.map(({ key, values, writes }) => [resource, key, String(values), writes ? 'writes' : '']),
  );
  table([['RESOURCE', 'KEY', 'VALUES', ''], ...rows]);
  for (const { name, fault } of found.services) print(`Service ${name}: ${fault ?? 'well'}`);
  for (const key of found.unreadable) print(`Cannot be read: ${key}`);
}

/** Puts a new key in the place of Berth's own, and prints how many values were rewritten. */
export async function rotate(options: Options): Promise<void> {
  const result = await call<Rotated>(options.dataDir, '/secrets/rotate');
  if (options.output === 'json') return print(JSON.stringify(result, null, 2));
  const former = result.kept.length === 0 ? 'The former key is gone.' : `Kept for those: ${result.kept.join(', ')}.`;
  print(`Secrets are under the new key ${result.key}; ${sentenceOf(result)} ${former}`);
}

/** Deletes an object that cannot be read, by its key as `status` prints it. */
export async function discard(key: string, options: Omit<Options, 'output'>): Promise<void> {
  await callControl(requireRunning(options.dataDir).controlSocket, '/secrets/discard', { key });
  print(`${key} is gone.`);
}

/** Rewrites what is plain or under an old key, and prints how many values that were. */
export async function rewrite(options: Options): Promise<void> {
  const result = await call<Rewritten>(options.dataDir, '/secrets/rewrite');
  if (options.output === 'json') return print(JSON.stringify(result, null, 2));
  const sentence = sentenceOf(result);
  print(`${sentence.slice(0, 1).toUpperCase()}${sentence.slice(1)}`);
}

function sentenceOf({ rewritten, unreadable }: Rewritten): string {
  const left = unreadable === 0 ? '' : ` ${unreadable} cannot be read and were left alone: see "berth secrets status".`;
  return `${rewritten} ${rewritten === 1 ? 'value was' : 'values were'} rewritten.${left}`;
}

function table(rows: readonly string[][]): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function print(text: string): void {
  globalThis.console.log(text);
}

function call<T>(dataDir: string, path: string): Promise<T> {
  return callControl(requireRunning(dataDir).controlSocket, path);
}
