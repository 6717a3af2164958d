export { actuate, ResizeError, widenPodCgroup } from './actuate.ts';
export { type NodeRoom, refusalOf } from './admission.ts';
export { admitPending, type Resizing } from './admit-pending.ts';
export { type Resources, resizableContainers, withResources } from './amounts.ts';
export { changesOf, needsRestart } from './changes.ts';
export { PodResize, resizeConditions } from './pod-resize.ts';
export { openResizeRecords, type ResizeRecords } from './record.ts';
