export { applyConfiguration, type FieldManager, sameButTimes, trackUpdate } from './apply.ts';
export { FieldSet, fieldSetFromFieldsV1 } from './field-set.ts';
export { layOver } from './lay-over.ts';
export type { TypedBy } from './structure.ts';
