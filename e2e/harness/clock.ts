import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackPackages } from './packages.ts';

export interface FalseClock extends Disposable {
  /** What a program is started with to have this clock for the time of day. The clock that only runs forward stays true. */
  readonly env: Record<string, string>;
  /** Puts it that many seconds before or behind the true time; programs see it within a second. */
  set(seconds: number): void;
}

/** A clock for one program, by Debian's libfaketime: what it asks the system for the time is answered by a file. */
export async function falseClock(): Promise<FalseClock> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-clock-'));
  const root = await unpackPackages(folder, ['libfaketime']);
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
  const [file, own] = [join(folder, 'offset'), join(folder, 'own.mjs')];
  const set = (seconds: number) => {
    writeFileSync(`${file}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    renameSync(`${file}.new`, file);
  };
  set(0);
  // The programs that it starts have the true time: containers go by the machine's.
  writeFileSync(own, 'delete process.env.LD_PRELOAD;\n');
  return {
    set,
    env: {
      LD_PRELOAD: join(root, 'usr/lib', triplet, 'faketime/libfaketimeMT.so.1'),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_CACHE_DURATION: '1',
      NODE_OPTIONS: `--import=${own}`,
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
