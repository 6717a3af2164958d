export { applyConfiguration, type FieldManager, sameButTimes, trackUpdate } from './apply.ts';
export { FieldSet, fieldSetFromFieldsV1 } from './field-set.ts';
export type { TypedBy } from './structure.ts';
