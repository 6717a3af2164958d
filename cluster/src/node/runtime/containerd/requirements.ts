import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { BerthError } from '@berth/kube/errors';

/** What a node needs of the machine, with the Debian package that has it. */
const binaries = { containerd: 'containerd', 'containerd-shim-runc-v2': 'containerd', ctr: 'containerd', runc: 'runc' };
const cniPlugins = ['loopback', 'host-local', 'ptp'];

/** Throws `ServiceUnavailable` with one sentence that names what is missing and how to get it. */
export async function requireContainerd(options: { path: string; cniPlugins: string; uid: number }): Promise<void> {
  if (options.uid !== 0) {
    throw missing(`containers need root, and this is user ${options.uid}`, 'run as root, or use --runtime simulated');
  }
  const packages = new Set<string>();
  const absent: string[] = [];
  for (const [binary, debianPackage] of Object.entries(binaries)) {
    if (await findBinary(binary, options.path)) continue;
    absent.push(binary);
    packages.add(debianPackage);
  }
  for (const plugin of cniPlugins) {
    if (await executable(join(options.cniPlugins, plugin))) continue;
    absent.push(join(options.cniPlugins, plugin));
    packages.add('containernetworking-plugins');
  }
  if (absent.length > 0) {
    throw missing(`${absent.join(', ')} not found`, `apt-get install ${[...packages].join(' ')}`);
  }
}

const missing = (what: string, remedy: string) =>
  new BerthError('ServiceUnavailable', `This machine cannot run containers: ${what}; ${remedy}`, { retryable: false });

/** The first executable of this name on the path, system directories included. */
export async function findBinary(name: string, path: string): Promise<string | undefined> {
  for (const directory of [
    ...path.split(delimiter),
    '/usr/local/sbin',
    '/usr/sbin',
    '/sbin',
    '/usr/local/bin',
    '/usr/bin',
  ]) {
    if (directory !== '' && (await executable(join(directory, name)))) return join(directory, name);
  }
  return undefined;
}

const executable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
