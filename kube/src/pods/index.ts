export { amountsOf, minus, plus, whole, wholeResources } from './amounts.ts';
export { byNode } from './by-node.ts';
export { type QosClass, qosClassOf, qosOf } from './qos.ts';
export { isInfeasible, isPodLevel, type PodArithmetic, podResources, type ResourceList } from './resources.ts';
