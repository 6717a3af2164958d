export { claim } from './claim.ts';
export { createPods, deletePod, isNamespaceGoing } from './control.ts';
export { controllerReference, podFromTemplate } from './create.ts';
export { disruptionTarget } from './disrupted.ts';
export { byActivity, byDeletionRank, type DeletionCandidate } from './rank.ts';
export { availableIn, isActive, isAvailable, isReady, isTerminal, isTerminating, readyCondition } from './state.ts';
