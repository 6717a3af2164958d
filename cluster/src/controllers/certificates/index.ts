export { certificateCleaner } from './clean.ts';
export { certificateSigningController } from './sign.ts';
