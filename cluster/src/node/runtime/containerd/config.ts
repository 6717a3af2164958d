import { readFile, statfs } from 'node:fs/promises';

/** Where one node's containerd keeps its things. Sockets have a place of their own: their paths hold 107 bytes. */
export interface ContainerdPaths {
  /** Images, snapshots, metadata; survives a reboot. */
  root: string;
  /** Bundles, network namespaces, sockets; gone with a reboot, as containerd expects. */
  state: string;
  socket: string;
  config: string;
  log: string;
  pid: string;
  cniConfig: string;
  /** `<host>/hosts.toml` for each registry that needs one. */
  registries: string;
}

export interface ContainerdConfig {
  paths: ContainerdPaths;
  cniPlugins: string;
  sandboxImage: string;
  snapshotter: 'overlayfs' | 'native';
  /** Needed where the process may not lower an OOM score (no CAP_SYS_RESOURCE). */
  restrictOomScoreAdj: boolean;
  /** Where exec, attach and port-forward are served to whoever got a link from CRI. */
  streamAddress: string;
}

/** Plugins that only cost time at the start: file systems and services that Berth never asks for. */
const disabledPlugins = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
];

/** containerd's configuration, format version 2 (read by 1.5 to 2.x). */
export function containerdConfig(config: ContainerdConfig): string {
  const { paths } = config;
  const text = (value: string) => JSON.stringify(value);
  return `# Made by Berth at every start; changes are lost.
version = 2
root = ${text(paths.root)}
state = ${text(paths.state)}
disabled_plugins = [${disabledPlugins.map(text).join(', ')}]

[grpc]
  address = ${text(paths.socket)}

[debug]
  level = "warn"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(config.sandboxImage)}
  restrict_oom_score_adj = ${config.restrictOomScoreAdj}
  stream_server_address = ${text(config.streamAddress)}
  stream_server_port = "0"
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${text(config.cniPlugins)}
    conf_dir = ${text(paths.cniConfig)}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${text(paths.registries)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${config.snapshotter}"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

/** Bit 24 of the capability sets (capabilities(7)). */
const capSysResource = 24n;

/** Whether this process may lower OOM scores, from the effective set in `/proc/self/status`. */
export async function mayLowerOomScore(): Promise<boolean> {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile('/proc/self/status', 'utf8'))?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> capSysResource) & 1n) === 1n;
}

const overlayMagic = 0x794c7630;

/** An overlay cannot lie on another: inside a container, layers are copied instead. */
export async function snapshotterFor(directory: string): Promise<'overlayfs' | 'native'> {
  return (await statfs(directory)).type === overlayMagic ? 'native' : 'overlayfs';
}
