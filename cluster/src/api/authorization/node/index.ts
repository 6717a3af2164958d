export { NodeAuthorizer } from './authorizer.ts';
export { nodeOf, nodesGroup, nodeUser } from './identity.ts';
export { type ClaimStatuses, configMapsOf, secretsOf } from './references.ts';
export { nodeRules } from './rules.ts';
