export { amountsOf, minus, plus, whole } from './amounts.ts';
export { type QosClass, qosClassOf, qosOf } from './qos.ts';
export { isPodLevel, type PodArithmetic, podResources, type ResourceList } from './resources.ts';
