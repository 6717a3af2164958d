export { CelBudget, matchConditionsBudget, perCallLimit, runtimeBudget } from './budget.ts';
export { compile } from './compile.ts';
export { CelError, type CelErrorCode, isCelError } from './errors.ts';
export { escapeField } from './escaping.ts';
export {
  type CelAuthorization,
  type CelAuthorizationQuery,
  type CelAuthorize,
  celAuthorizer,
  celResourceCheck,
} from './functions/authorizer.ts';
export { mutationTypes } from './functions/mutation.ts';
export { parseUrl, type Uri } from './functions/uri.ts';
export { type CelProgram, CelValue, type CompileOptions } from './program.ts';
export { celTypeOfSchema, type SchemaTypeOptions } from './schema-type.ts';
export type { CelType, ListType, MapType, ObjectType, OpaqueType } from './types.ts';
export * as celTypes from './types.ts';
export { parseDuration } from './values/time.ts';
