export { invalidError, refuseInvalid } from './problems.ts';
export { validate } from './validate.ts';
