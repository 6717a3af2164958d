import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { instanceOf } from '@berth/cluster/network';
import { mostMemory, processesNaming, processorTime, residentMemory, startProgram } from './program.ts';
import type { Row, Suite } from './row.ts';

const command = 'npm run bench -- --only footprint';
/** How long the shop runs before it is looked at, and how long its processor time is watched, in ms. */
const settle = 10_000;
const watched = 15_000;

/** What one node with the sample shop on it takes from the machine. */
export const footprint: Suite = {
  name: 'footprint',
  async measure() {
    await using program = await startProgram(['--sample']);
    await delay(settle);
    const berth = program.process.pid ?? 0;
    const parts = await partsOf(program.dataDir, berth);
    const pids = Object.values(parts).flat();
    const before = pids.reduce((sum, pid) => sum + timeOf(pid), 0);
    const started = performance.now();
    await delay(watched);
    const used = pids.reduce((sum, pid) => sum + timeOf(pid), 0) - before;
    const row = (name: string, value: number, unit: string): Row => ({
      name: `with the shop: ${name}`,
      value,
      unit,
      command,
    });
    const memory = Object.entries(parts).map(([name, of]) =>
      row(
        `${name}, memory`,
        of.reduce((sum, pid) => sum + shareOf(pid), 0),
        'MiB',
      ),
    );
    return [
      row('Berth, resident', residentMemory(berth), 'MiB'),
      row('Berth, most while starting it', mostMemory(berth), 'MiB'),
      ...memory,
      row(
        'all processes, memory',
        memory.reduce((sum, { value }) => sum + value, 0),
        'MiB',
      ),
      row('all processes, processor', (100 * used) / (performance.now() - started), '% of a core'),
      row('data directory', sizeOf(program.dataDir), 'MiB'),
      row('npm packages', sizeOf(fileURLToPath(new URL('../node_modules', import.meta.url))), 'MiB'),
    ];
  },
};

/** The processes of an instance, by what they are. */
async function partsOf(dataDir: string, berth: number): Promise<Record<string, number[]>> {
  const beside = processesNaming(dataDir).filter((pid) => pid !== berth);
  const named = (name: string) => beside.filter((pid) => commandName(pid) === name);
  const containerd = named('containerd');
  const shims = processesNaming(`/run/berth-${await instanceOf(dataDir)}/`).filter((pid) => !beside.includes(pid));
  const dns = beside.filter((pid) => !containerd.includes(pid) && !shims.includes(pid));
  return {
    Berth: [berth],
    containerd,
    'shims of the containers': shims,
    DNS: dns,
    'containers of the shop': descendants(shims),
  };
}

function commandName(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return '';
  }
}

function descendants(parents: readonly number[]): number[] {
  const children = new Map<number, number[]>();
  for (const pid of readdirSync('/proc').map(Number).filter(Boolean)) {
    const parent = Number(fieldsOf(pid)[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const below = (pid: number): number[] => (children.get(pid) ?? []).flatMap((child) => [child, ...below(child)]);
  return parents.flatMap(below);
}

/** The fields of /proc/PID/stat after the command's name; none when the process is over. */
function fieldsOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** A probe's process may be over by the second look. */
function timeOf(pid: number): number {
  return fieldsOf(pid).length === 0 ? 0 : processorTime(pid);
}

/** What a process has for itself and its part of what it shares with others (PSS), in MiB: such figures may be added. */
function shareOf(pid: number): number {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** The blocks that the files below a directory take, in MiB; mounts of containers hold what lies below already. */
function sizeOf(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    try {
      bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512;
    } catch {
      // Removed meanwhile.
    }
  }
  return bytes / 2 ** 20;
}
