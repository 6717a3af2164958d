export { WebhookCaller, type WebhookRequest } from './caller.ts';
export { Connections, type Trust } from './connections.ts';
export { type Address, type ClientConfig, type Endpoint, Endpoints, type ServiceReference } from './endpoint.ts';
export { networkFailure, statusFailure } from './failure.ts';
