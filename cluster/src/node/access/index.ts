export { type AccessOptions, podAccess } from './pod-access.ts';
