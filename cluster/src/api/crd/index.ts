export { customResourceAdmission } from './admission.ts';
export { terminating } from './cleanup.ts';
export { CustomResources, type CustomResourcesOptions } from './custom-resources.ts';
export { asDefinition, isDefinition } from './definition.ts';
export { compareVersions } from './version-order.ts';
