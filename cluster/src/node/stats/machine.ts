import { readFile, statfs } from 'node:fs/promises';

export interface InterfaceUse {
  name: string;
  receivedBytes: number;
  receivedPackets: number;
  receiveErrors: number;
  receiveDrops: number;
  sentBytes: number;
  sentPackets: number;
  sendErrors: number;
  sendDrops: number;
}

/** Bytes and files of a file system. */
export interface FilesystemUse {
  capacityBytes: number;
  /** To those who are not root. */
  availableBytes: number;
  usedBytes: number;
  inodes: number;
  inodesFree: number;
}

/** The network links that a process sees, loopback and the ends of pods' links apart. None when it has ended. */
export async function interfacesOf(pid: number | 'self'): Promise<InterfaceUse[]> {
  const text = await readFile(`/proc/${pid}/net/dev`, 'utf8').catch(() => '');
  return text
    .split('\n')
    .slice(2)
    .flatMap((line) => {
      const [name = '', rest = ''] = line.trim().split(':', 2);
      if (rest === '' || name === 'lo' || name.startsWith('veth')) return [];
      const [receivedBytes, receivedPackets, receiveErrors, receiveDrops, , , , , ...sent] = rest
        .trim()
        .split(/\s+/)
        .map(Number) as [number, number, number, number, ...number[]];
      const [sentBytes = 0, sentPackets = 0, sendErrors = 0, sendDrops = 0] = sent;
      const received = { receivedBytes, receivedPackets, receiveErrors, receiveDrops };
      return [{ name, ...received, sentBytes, sentPackets, sendErrors, sendDrops }];
    });
}

/** How many processes and threads there are on the machine, and how many there can be; undefined where the kernel does not say. */
export async function processesOfMachine(): Promise<{ running: number; most: number } | undefined> {
  const files = ['/proc/loadavg', '/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'];
  const [load = '', ...limits] = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  // `0.20 0.18 0.12 1/80 11206`: of those that run and those that are there (proc_loadavg(5)).
  const running = Number(/^(?:\S+ ){3}\d+\/(\d+)/.exec(load)?.[1]);
  const most = Math.min(...limits.map((text) => Number.parseInt(text, 10)));
  return running > 0 && most > 0 ? { running, most } : undefined;
}

/** The file system that holds a path; undefined when there is no such path. */
export async function filesystemOf(path: string): Promise<FilesystemUse | undefined> {
  const found = await statfs(path).catch(() => undefined);
  if (!found) return undefined;
  const { blocks, bfree, bavail, bsize, files, ffree } = found;
  return {
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    usedBytes: (blocks - bfree) * bsize,
    inodes: files,
    inodesFree: ffree,
  };
}
