export { byController, type Change, type Index } from './cache.ts';
export { type Clock, manualClock, sleep, systemClock } from './clock.ts';
export {
  type Connection,
  type ConnectionOptions,
  type Credentials,
  connect,
  type Dial,
  type HttpRequest,
} from './connection.ts';
export { type Informer, type InformerOptions, startInformer } from './informer.ts';
export { type Informers, sharedInformers } from './informers.ts';
export { clientFromKubeconfig, type KubeconfigClient, type KubeconfigContext, openKubeconfig } from './kubeconfig.ts';
export { objectPath, pathOf } from './path.ts';
export { clientOver, type RemoteClient, type RemoteOptions, remoteClient } from './remote.ts';
export type * from './types.ts';
export { compareVersions } from './version.ts';
