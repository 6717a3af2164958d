export { computeFixed, computePod, computeService } from './compute.ts';
export { RuleState, type Transaction } from './difference.ts';
export { type Endpoint, endpointsOf } from './endpoints.ts';
export { endAllFlows } from './flows.ts';
export { listForeignDrops, listTable, run, runNft } from './nft.ts';
export { releaseNodePorts } from './node-ports.ts';
export { type Proxy, type ProxyOptions, startProxy } from './proxy.ts';
export type { Memory, Rules } from './rules.ts';
export { baseTable, tableName } from './table.ts';
