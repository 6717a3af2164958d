export type { CgroupUse } from './cgroup.ts';
export { type FilesystemUse, filesystemOf, type InterfaceUse, processesOfMachine } from './machine.ts';
export { createMeter, type Meter, podUseOf } from './meter.ts';
export { type ContainerSample, type NodeSample, type PodSample, unused } from './sample.ts';
export { type Surroundings, samplePods, takeSample } from './take.ts';
export { type ContainerUsage, machineUsage, type NodeUsage, readUsage, type Usage } from './usage.ts';
