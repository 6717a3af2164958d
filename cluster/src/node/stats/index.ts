export { createMeter, type Meter, podUseOf } from './meter.ts';
export { type ContainerUsage, type NodeUsage, readUsage, type Usage } from './usage.ts';
