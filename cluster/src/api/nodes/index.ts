export { measuredKinds } from './metrics.ts';
export type { NodeAccess, NodeAccessHolder, NodeAnswer, PodUse, Use } from './types.ts';
