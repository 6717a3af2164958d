export {
  type AddressPlan,
  chooseInstanceRange,
  instanceOf,
  maximumNodes,
  planAddresses,
  planNode,
  releaseInstanceRange,
} from './addresses/index.ts';
export {
  dnsPort,
  type Network,
  type NetworkNode,
  type NetworkSetup,
  prepareNetwork,
  removeNetwork,
  startNetwork,
} from './network.ts';
export { cniBinDir, diagnoseNetwork, type NetworkDiagnosis } from './pods/index.ts';
