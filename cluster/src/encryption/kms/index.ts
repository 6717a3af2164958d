export { socketOf } from './endpoint.ts';
export { KmsProvider } from './provider.ts';
export { connectKms, type KmsEncrypted, type KmsService, type KmsServiceFactory } from './service.ts';
export { type KmsPace, watchKms } from './watch.ts';
