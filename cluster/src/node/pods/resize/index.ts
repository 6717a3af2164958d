export { actuate, ResizeError, widenPodCgroup } from './actuate.ts';
export { type NodeRoom, refusalOf } from './admission.ts';
export { admitPending, type Resizing } from './admit-pending.ts';
export { type Resources, resizableContainers, withResources } from './amounts.ts';
export { needsRestart } from './changes.ts';
export { PodResize } from './pod-resize.ts';
export { openResizeRecords } from './record.ts';
