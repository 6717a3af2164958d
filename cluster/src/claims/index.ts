export { annotations, finalizers, localProvisioner } from './annotations.ts';
export { findVolume, isHeldFor, isReachable, misfit, modeOf, type Search } from './match.ts';
export { claimNameOf, claimNamesOf, foreignClaim } from './pod-claims.ts';
export { classOf, defaultClass, hasNoClass, waitsForConsumer } from './storage-class.ts';
