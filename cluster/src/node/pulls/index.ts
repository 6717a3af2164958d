export { credentialsOf, keyringOf, type PullCredential } from './keyring.ts';
export { openPulls, type Pulls } from './pulls.ts';
