export { refusalOf } from './admit.ts';
export { createEvictions, type Eviction, type EvictionParts, type Evictions } from './evictions.ts';
export { type MeasureParts, measurePods } from './measure.ts';
export { imageFilesystem, isApart, observeNode, type Places } from './observe.ts';
export { type Room, roomForPods } from './room.ts';
export type { Observations, Pressure, Signal, Starved } from './signals.ts';
export { type EvictionSettings, type Threshold, thresholdsOf, usualEviction } from './thresholds.ts';
export type { PodUse } from './use.ts';
export { watchPressure } from './watch.ts';
