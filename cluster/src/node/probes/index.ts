export { type CheckResult, check, type ProbeTarget } from './check.ts';
export { type ContainerProbes, type ProbeListener, type ProbesOptions, startProbes } from './probes.ts';
