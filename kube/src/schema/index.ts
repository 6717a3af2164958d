export { builtInCatalogue, builtInDefinitions, catalogueOf } from './catalogue.ts';
export { convertObject, storedAs } from './convert/index.ts';
export {
  absentValue,
  copyData,
  type Decoded,
  decodeDefinition,
  decodeObject,
  duplicateFields,
  type FieldValidation,
} from './decode/index.ts';
export {
  applyDefaults,
  dropsStatusAtCreation,
  prepareForCreate,
  templateGeneration,
} from './defaults/index.ts';
export { kinds } from './kinds/index.ts';
export { kindFor, kindForObject } from './kinds/lookup.ts';
export { builtInSchema, type ObjectSchema } from './object-schema.ts';
export {
  type Describe,
  modelDescriptions,
  type OpenApiSource,
  type OpenApiV2,
  type OpenApiV3,
  openApiV2,
  openApiV3,
  openApiV3Paths,
} from './openapi/index.ts';
export {
  type CustomResourceColumn,
  type CustomResourceDefinition,
  type CustomResourceDefinitionVersion,
  type CustomResourceNames,
  type CustomSchema,
  columnCell,
  customKind,
  customSchema,
  definitionName,
  fieldValue,
  type ScalePaths,
  scalePathsOf,
} from './structural/index.ts';
export type * from './types.ts';
export {
  dnsSubdomain,
  invalidError,
  Problems,
  readAddress,
  refuseInvalid,
  sentenceOf,
  serviceAddressCauses,
  validate,
} from './validate/index.ts';
