import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BerthError } from '@berth/kube/errors';
import type { Architecture, ImageDescription, ImageEntry } from '../types.ts';
import { baseEntries } from './accounts.ts';
import { exists, libraryEntries } from './libraries.ts';

export const busyboxReference = 'berth.local/busybox:1';
const locations = ['/bin/busybox', '/usr/bin/busybox'];

/** This machine's BusyBox as /bin/busybox with a link for every command it has; empty when there is none. */
export async function busyboxEntries(): Promise<ImageEntry[]> {
  for (const source of locations) {
    if (!(await exists(source))) continue;
    const { stdout } = await promisify(execFile)(source, ['--list']);
    const commands = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox');
    return [
      { type: 'file', path: '/bin/busybox', mode: 0o755, content: { source } },
      ...commands.map((name): ImageEntry => ({ type: 'symlink', path: `/bin/${name}`, target: 'busybox' })),
      ...(await libraryEntries(source)),
    ];
  }
  return [];
}

/**
 * A small image with a shell and the usual commands, for tests and debugging.
 * @throws BerthError `NotFound` when this machine has no BusyBox.
 */
export async function busyboxImage(architecture: Architecture): Promise<ImageDescription> {
  const busybox = await busyboxEntries();
  if (busybox.length === 0) {
    throw new BerthError('NotFound', 'there is no BusyBox on this machine: install the package busybox-static');
  }
  return {
    reference: busyboxReference,
    architecture,
    layers: [[...baseEntries(), ...busybox]],
    config: { cmd: ['/bin/sh'], env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } },
  };
}
