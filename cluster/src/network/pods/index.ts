export { type CniOptions, cniBinDir, cniConfiguration, writeCniConfiguration } from './cni.ts';
export { diagnoseNetwork, hostLink, type NetworkDiagnosis, setUpHost, tearDownHost } from './host.ts';
export { namespaceOf, nodeLink, setNodeLink, setUpNodes, tearDownNodes } from './namespaces.ts';
