export { applyConfiguration, type FieldManager, type TypedBy, trackUpdate } from './apply.ts';
export { FieldSet, fieldSetFromFieldsV1 } from './field-set.ts';
