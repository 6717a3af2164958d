export { dnsSubdomain } from './names.ts';
export { invalidError, Problems, refuseInvalid, sentenceOf } from './problems.ts';
export { readAddress, serviceAddressCauses } from './service-addresses.ts';
export { validate } from './validate.ts';
