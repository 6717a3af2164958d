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
