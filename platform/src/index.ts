export type { Capability, CapabilityContext, PolicyRule, Route, RouteRequest } from './capability.ts';
export * from './portal/index.ts';
