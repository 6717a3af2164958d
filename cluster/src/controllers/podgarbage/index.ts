export { podGarbageController } from './pods.ts';
export { terminatedPodController } from './terminated.ts';
