export { dropsStatusAtCreation, prepareForCreate } from './create.ts';
export { applyDefaults } from './defaults.ts';
export { dropDisabled } from './disabled.ts';
export { templateGeneration } from './workloads.ts';
