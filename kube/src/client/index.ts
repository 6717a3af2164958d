export { type Connection, type ConnectionOptions, type Credentials, connect, type HttpRequest } from './connection.ts';
export { clientFromKubeconfig, type KubeconfigClient } from './kubeconfig.ts';
export { objectPath, pathOf } from './path.ts';
export { clientOver, type RemoteClient, type RemoteOptions, remoteClient } from './remote.ts';
export type * from './types.ts';
