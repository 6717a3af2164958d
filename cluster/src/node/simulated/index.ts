export { simulatedKey, simulatedUse } from './behaviour.ts';
export { type SimulatedNodes, type SimulatedNodesOptions, startSimulatedNodes } from './nodes.ts';
