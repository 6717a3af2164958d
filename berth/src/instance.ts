import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { BerthError } from '@berth/kube/errors';

/** What a running Berth writes down about itself in its data directory, for `status`, `down` and the others. */
export interface InstanceRecord {
  pid: number;
  /** The process's start in clock ticks since boot: a pid alone may be somebody else's by now. */
  started: string;
  version: string;
  apiUrl?: string;
  consoleUrl: string;
  kubeconfig: string;
  controlSocket: string;
}

/** `/var/lib/berth` for root, `~/.local/share/berth` for everybody else. */
export function defaultDataDir(): string {
  if (process.getuid?.() === 0) return '/var/lib/berth';
  return join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share'), 'berth');
}

/**
 * The control socket of a data directory. It does not lie in the directory itself: a socket's path may have no more
 * than 107 bytes, and data directories may be deep.
 */
export function controlSocketPath(dataDir: string): string {
  const folder = process.getuid?.() === 0 ? '/run' : (process.env.XDG_RUNTIME_DIR ?? tmpdir());
  const digest = createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 12);
  return join(folder, `berth-control-${digest}.sock`);
}

/** Makes the data directory; `Forbidden` says why it cannot be. */
export function prepareDataDir(directory: string): string {
  const path = resolve(directory);
  try {
    makeFolders(path);
    const probe = join(path, '.writable');
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (cause) {
    throw new BerthError(
      'Forbidden',
      `cannot write to the data directory ${path} (${(cause as NodeJS.ErrnoException).code ?? cause}): choose another with --data-dir, or run as a user who may`,
      { cause },
    );
  }
  return path;
}

/** Step by step: where a folder cannot be made (/proc), Node's recursive way never ends. */
function makeFolders(path: string): void {
  if (existsSync(path)) return;
  makeFolders(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

const recordFile = (dataDir: string) => join(resolve(dataDir), 'instance.json');

export function writeRecord(dataDir: string, record: InstanceRecord): void {
  const file = recordFile(dataDir);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function removeRecord(dataDir: string): void {
  rmSync(recordFile(dataDir), { force: true });
  rmSync(controlSocketPath(dataDir), { force: true });
}

/** The record of the instance that runs on this data directory, if one does. */
export function runningInstance(dataDir: string): InstanceRecord | undefined {
  const file = recordFile(dataDir);
  if (!existsSync(file)) return undefined;
  let record: InstanceRecord;
  try {
    record = JSON.parse(readFileSync(file, 'utf8')) as InstanceRecord;
  } catch {
    return undefined; // The record is a hint; a half-written one says that nothing finished starting.
  }
  return processStart(record.pid) === record.started ? record : undefined;
}

/** The running instance's record. `NotFound` with the remedy when none runs there. */
export function requireRunning(dataDir: string): InstanceRecord {
  const record = runningInstance(dataDir);
  if (record) return record;
  throw new BerthError(
    'NotFound',
    `no Berth runs on ${resolve(dataDir)}: start it with "berth up", or name its directory with --data-dir`,
  );
}

/** Field 22 of /proc/PID/stat; undefined when there is no such process, or it has ended and its parent does not know yet. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
