export { VolumeBinder } from './binder.ts';
export { claimsOf, planVolumes } from './plan.ts';
export { noStorage, type PodClaims, type StorageView, type VolumePlan } from './types.ts';
