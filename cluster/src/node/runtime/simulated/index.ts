export { createSimulatedRuntime, type SimulatedDelays, type SimulatedOptions } from './runtime.ts';
