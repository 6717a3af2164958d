/** The Pod Security Standards, for whoever admits pods or judges those that run. */
export type { Level, Objection, PodShape } from './control.ts';
export { described, evaluatePod } from './evaluate.ts';
export { type BadLabel, compareLevels, isSame, type LevelVersion, levelText, type Policy, policyOf } from './policy.ts';
