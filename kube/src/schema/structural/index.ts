export { type ColumnCell, columnCell, fieldValue } from './cells.ts';
export type {
  CustomResourceColumn,
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
  CustomResourceNames,
} from './definition.ts';
export { customKind, definitionName, type ScalePaths, scalePathsOf } from './kind.ts';
export { type CustomSchema, customSchema } from './schema.ts';
