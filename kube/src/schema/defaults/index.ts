export { dropsStatusAtCreation, prepareForCreate, qosClassOf, templateGeneration } from './create.ts';
export { applyDefaults } from './defaults.ts';
export { dropDisabled } from './disabled.ts';
