export {
  type AddressPlan,
  chooseInstanceRange,
  instanceOf,
  maximumNodes,
  planAddresses,
  planNode,
  releaseInstanceRange,
} from './addresses/index.ts';
export { type Door, openDoor } from './door/index.ts';
export {
  dnsPort,
  type Network,
  type NetworkNode,
  type NetworkSetup,
  prepareNetwork,
  removeNetwork,
  startNetwork,
} from './network.ts';
export {
  cniBinDir,
  diagnoseNetwork,
  type NetworkDiagnosis,
  namespaceOf,
  setNodeLink,
} from './pods/index.ts';
