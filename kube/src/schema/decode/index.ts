export { copyData, type Decoded, decodeDefinition, decodeObject, type FieldValidation } from './decode.ts';
export { duplicateFields } from './duplicates.ts';
export { absentValue } from './presence.ts';
