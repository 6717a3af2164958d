export { ConfiguredAuthentication, readAuthentication } from './configured.ts';
export type { AnonymousAuthentication } from './types.ts';
