export { dropsStatusAtCreation, prepareForCreate, qosClassOf } from './create.ts';
export { applyDefaults } from './defaults.ts';
