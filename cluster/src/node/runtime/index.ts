export { type Containerd, type ContainerdOptions, requireContainerd, startContainerd } from './containerd/index.ts';
export { createCriRuntime } from './cri/index.ts';
export { createSimulatedRuntime, type SimulatedOptions } from './simulated/index.ts';
export type * from './types.ts';
