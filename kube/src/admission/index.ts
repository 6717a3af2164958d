export { AdmissionExpressions, type Compiled, type ExpressionOptions } from './expressions.ts';
