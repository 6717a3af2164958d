export { invalidError, refuseInvalid } from './problems.ts';
export { readAddress, serviceAddressCauses } from './service-addresses.ts';
export { validate } from './validate.ts';
