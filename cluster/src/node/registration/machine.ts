import { readFile, stat, statfs } from 'node:fs/promises';
import { arch, cpus, networkInterfaces, release, totalmem } from 'node:os';

/** What the node tells about the machine it is. */
export interface Machine {
  cpus: number;
  memoryBytes: number;
  storageBytes: number;
  /** Addresses of the machine, the one of the default route first. */
  ips: string[];
  architecture: string;
  kernelVersion: string;
  osImage: string;
  machineId: string;
  bootId: string;
  /** Whether the kernel confines by AppArmor profiles. */
  appArmor: boolean;
}

const line = (file: string): Promise<string> =>
  readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );

/** Go's names for the processors that Node runs on. */
const architectures: Record<string, string> = { x64: 'amd64', ia32: '386', arm: 'arm', arm64: 'arm64' };

/** Reads the machine's properties; `directory` is on the disk whose size counts. */
export async function readMachine(directory: string): Promise<Machine> {
  const disk = await statfs(directory);
  const osRelease = await line('/etc/os-release');
  return {
    cpus: cpus().length,
    memoryBytes: totalmem(),
    storageBytes: disk.blocks * disk.bsize,
    ips: await addresses(),
    architecture: architectures[arch()] ?? arch(),
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? 'Linux',
    machineId: await line('/etc/machine-id'),
    bootId: await line('/proc/sys/kernel/random/boot_id'),
    appArmor: await confinesByAppArmor(),
  };
}

/** Also where the module is there, securityfs may not be: then no profile can be loaded. */
async function confinesByAppArmor(): Promise<boolean> {
  const isThere = await stat('/sys/kernel/security/apparmor').then(
    () => true,
    () => false,
  );
  return isThere && (await line('/sys/module/apparmor/parameters/enabled')) === 'Y';
}

async function addresses(): Promise<string[]> {
  const interfaces = networkInterfaces();
  const ipv4 = (name: string) =>
    (interfaces[name] ?? [])
      .filter((found) => found.family === 'IPv4' && !found.internal)
      .map((found) => found.address);
  // Destination and mask 0: the default route (proc_net(5)).
  const route = (await line('/proc/net/route')).split('\n').find((text) => text.split('\t')[1] === '00000000');
  const preferred = route ? ipv4(route.split('\t')[0] ?? '') : [];
  // Links that we or another container runtime made are no addresses of the machine.
  const others = Object.keys(interfaces).filter((name) => !/^(veth|cni|docker|br-|b[0-9a-f]{6}-)/.test(name));
  const all = [...preferred, ...others.flatMap(ipv4)];
  return all.length > 0 ? [...new Set(all)].slice(0, 1) : ['127.0.0.1'];
}
