import { startTime, type Victims } from './victims.ts';

/** Each the better the smaller, asked in this order until one node is left. */
const criteria: readonly ((victims: Victims) => number)[] = [
  ({ violations }) => violations,
  ({ pods }) => pods[0]?.priority ?? 0,
  // Moved above zero, so that a few of negative priority do not weigh more than one.
  ({ pods }) => pods.reduce((sum, { priority }) => sum + priority + 2 ** 31, 0),
  ({ pods }) => pods.length,
  // What was started last has lost least.
  ({ pods }) => -Math.min(...pods.filter(({ priority }) => priority === pods[0]?.priority).map(startTime)),
];

/** The node whose victims are missed least; the first of those that are alike, undefined when there is none. */
export function chooseNode(candidates: ReadonlyMap<string, Victims>): string | undefined {
  let left = [...candidates];
  for (const criterion of criteria) {
    if (left.length <= 1) break;
    const values = left.map(([, victims]) => criterion(victims));
    const least = Math.min(...values);
    left = left.filter((_, at) => values[at] === least);
  }
  return left[0]?.[0];
}
