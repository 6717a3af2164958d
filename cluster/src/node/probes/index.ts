export { type CheckResult, check, type ProbeTarget } from './check.ts';
export { countProbes, type ProbeCounts, type ProbeLabels } from './counts.ts';
export { type ContainerProbes, type ProbeListener, type ProbesOptions, startProbes } from './probes.ts';
