export {
  applyConfiguration,
  type FieldManager,
  layOver,
  sameButTimes,
  type TypedBy,
  trackUpdate,
} from './apply/index.ts';
export { identityOf, sameData } from './data.ts';
export { applyJsonPatch } from './json-patch.ts';
export { applyMergePatch } from './merge-patch.ts';
export { shownAsGo } from './refusals.ts';
export { applyStrategicMergePatch } from './strategic-merge-patch.ts';
