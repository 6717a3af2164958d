import { accessSync, constants, existsSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, totalmem } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { diagnoseNetwork } from '@berth/cluster/network';
import { runningInstance } from './instance.ts';

/** One fact about the machine: what is so, and what to do where that is not enough. */
export interface Check {
  name: string;
  state: 'ok' | 'warning' | 'failed';
  found: string;
  remedy?: string;
}

/**
 * Berth's own minimum: one node with the sample on it. Measured, see docs/requirements.md. The kernel keeps a part of a
 * machine's memory to itself: one that was given 1 GiB shows a little less.
 */
export const minimum = { cpus: 1, memoryBytes: 900 * 1024 ** 2, diskBytes: 2 * 1024 ** 3, diskPercent: 15 };

const programs = [
  { file: 'containerd', debian: 'containerd' },
  { file: 'runc', debian: 'runc' },
  { file: '/usr/lib/cni/ptp', debian: 'containernetworking-plugins' },
  { file: 'nft', debian: 'nftables' },
  { file: 'ip', debian: 'iproute2' },
  { file: 'conntrack', debian: 'conntrack' },
];

export interface MachineQuestion {
  dataDir: string;
  listen?: string;
  apiPort: number;
  consolePort: number;
}

/** Everything that decides whether `up` can work here. Reads only; changes nothing. */
export async function checkMachine(question: MachineQuestion): Promise<Check[]> {
  const running = runningInstance(question.dataDir) !== undefined;
  return [
    rights(),
    ...programs.map(program),
    control(),
    forwarding(),
    ...(await firewall()),
    processors(),
    memory(),
    disk(question.dataDir),
    ...(running
      ? []
      : [
          await port('API port', question, question.apiPort),
          await port('console port', question, question.consolePort),
        ]),
  ];
}

/** Whether real containers can run here: root, and every program there. */
export function canRunContainers(): boolean {
  return rights().state === 'ok' && programs.every(({ file }) => whereIs(file) !== undefined);
}

function rights(): Check {
  return process.getuid?.() === 0
    ? { name: 'rights', state: 'ok', found: 'root' }
    : {
        name: 'rights',
        state: 'failed',
        found: 'not root',
        remedy: 'run as root for real containers, or use --runtime simulated',
      };
}

function program({ file, debian }: { file: string; debian: string }): Check {
  const name = file.split('/').at(-1) ?? file;
  const path = whereIs(file);
  return path
    ? { name, state: 'ok', found: path }
    : { name, state: 'failed', found: 'not installed', remedy: `apt-get install ${debian}` };
}

function whereIs(file: string): string | undefined {
  if (file.startsWith('/')) return existsSync(file) ? file : undefined;
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders
    .map((folder) => join(folder, file))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function control(): Check {
  if (existsSync('/sys/fs/cgroup/cgroup.controllers')) return { name: 'cgroups', state: 'ok', found: 'version 2' };
  if (existsSync('/sys/fs/cgroup/memory')) return { name: 'cgroups', state: 'ok', found: 'version 1' };
  return { name: 'cgroups', state: 'failed', found: 'not mounted', remedy: 'mount cgroup2 on /sys/fs/cgroup' };
}

function forwarding(): Check {
  const on = readFileSync('/proc/sys/net/ipv4/ip_forward', 'utf8').trim() === '1';
  return { name: 'IP forwarding', state: 'ok', found: on ? 'on' : 'off; "up" switches it on' };
}

/** Rules of others that would cut pods off; only root may look. */
async function firewall(): Promise<Check[]> {
  if (process.getuid?.() !== 0 || !whereIs('nft')) return [];
  const { foreignDrops } = await diagnoseNetwork();
  return foreignDrops.map(({ family, table, chain }) => ({
    name: 'firewall',
    state: 'warning',
    found: `chain ${chain} of table ${family} ${table} drops what it does not know`,
    remedy: 'let 10.0.0.0/8 pass there, or pods reach nothing outside',
  }));
}

function processors(): Check {
  const found = cpus().length;
  return found >= minimum.cpus
    ? { name: 'processors', state: 'ok', found: String(found) }
    : { name: 'processors', state: 'warning', found: String(found), remedy: `${minimum.cpus} are wanted` };
}

function memory(): Check {
  const bytes = totalmem();
  const found = `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
  return bytes >= minimum.memoryBytes
    ? { name: 'memory', state: 'ok', found }
    : { name: 'memory', state: 'warning', found, remedy: 'at least 1 GiB is wanted for the sample' };
}

function disk(dataDir: string): Check {
  let place = dataDir;
  while (!existsSync(place)) place = dirname(place);
  const { bavail, blocks, bsize } = statfsSync(place);
  return judgeDisk({ free: bavail * bsize, whole: blocks * bsize, dataDir });
}

/** Whether there is room enough for images, and for a node to take pods at all. Bytes. */
export function judgeDisk({ free, whole, dataDir }: { free: number; whole: number; dataDir: string }): Check {
  const percent = Math.floor((free / whole) * 100);
  const found = `${(free / 1024 ** 3).toFixed(1)} GiB free for ${dataDir}`;
  if (free < minimum.diskBytes) {
    const remedy = 'at least 2 GiB is wanted: make room, or choose another --data-dir';
    return { name: 'disk', state: 'warning', found, remedy };
  }
  if (percent >= minimum.diskPercent) return { name: 'disk', state: 'ok', found };
  const why = `a node with less than ${minimum.diskPercent} % free takes no pods and evicts those it has`;
  const remedy = `${why}: make room, choose another --data-dir, or set --eviction-hard`;
  return { name: 'disk', state: 'warning', found: `${found}, ${percent} %`, remedy };
}

async function port(name: string, { listen = '127.0.0.1' }: MachineQuestion, number: number): Promise<Check> {
  const free = await new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(number, listen, () => server.close(() => resolve(true)));
  });
  const flag = name === 'API port' ? '--api-port' : '--console-port';
  return free
    ? { name, state: 'ok', found: `${number} is free` }
    : {
        name,
        state: 'failed',
        found: `${number} on ${listen} is in use`,
        remedy: `stop what listens there, or choose another with ${flag}`,
      };
}
