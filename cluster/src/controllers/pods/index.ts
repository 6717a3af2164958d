export { claim } from './claim.ts';
export { controllerReference, podFromTemplate } from './create.ts';
export { byDeletionRank, type DeletionCandidate } from './rank.ts';
export { availableIn, isActive, isAvailable, isReady, isTerminal, readyCondition } from './state.ts';
