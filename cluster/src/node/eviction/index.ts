export { refusalOf } from './admit.ts';
export { createEvictions, type Eviction } from './evictions.ts';
export { measurePods } from './measure.ts';
export { imageFilesystem, isApart, observeNode } from './observe.ts';
export { type Room, roomForPods } from './room.ts';
export type { Pressure } from './signals.ts';
export { type EvictionSettings, thresholdsOf, usualEviction } from './thresholds.ts';
export { watchPressure } from './watch.ts';
