import { filters } from './filters/index.ts';
import { uidOf } from './snapshot.ts';
import { trialOf } from './trial-node.ts';
import type { NodeInfo, PodInfo, Prepared, Refusal, Snapshot } from './types.ts';

export interface Refused {
  refusals: readonly Refusal[];
  /** The name of the rule. */
  by: string;
}

/** All the rules made ready for one pod. */
export interface Feasibility {
  readonly hopeless: { reason: string; by: string } | undefined;
  /** The names of the only nodes that come into question, and the rules that say so. */
  readonly only: readonly string[] | undefined;
  readonly onlyBy: readonly string[];
  /** Why the node will not do, pods considered for which it is being cleared; undefined when it will. */
  refuses(node: NodeInfo): Refused | undefined;
  /** Counts as if a pod more or less were on the node, for all that is asked from now on. */
  count(pod: PodInfo, node: NodeInfo, by: 1 | -1): void;
}

export function feasibility(pod: PodInfo, snapshot: Snapshot): Feasibility {
  const ready: { name: string; rule: Prepared }[] = [];
  for (const { name, prepare } of filters) {
    const rule = prepare(pod, snapshot);
    if (rule) ready.push({ name, rule: typeof rule === 'function' ? { check: rule } : rule });
  }
  const impossible = ready.find(({ rule }) => rule.hopeless !== undefined);
  const limiting = ready.flatMap(({ name, rule }) => (rule.only ? [{ name, only: rule.only }] : []));
  const [first, ...rest] = limiting;
  const only = first && [...first.only].filter((name) => rest.every((limit) => limit.only.has(name)));

  function refusesAsIs(node: NodeInfo): Refused | undefined {
    for (const { name, rule } of ready) {
      const refused = rule.check(node);
      if (refused) return { refusals: Array.isArray(refused) ? refused : [refused as Refusal], by: name };
    }
    return undefined;
  }

  function count(other: PodInfo, node: NodeInfo, by: 1 | -1): void {
    for (const { rule } of ready) rule.count?.(other, node, by);
  }

  return {
    hopeless: impossible && { reason: impossible.rule.hopeless ?? '', by: impossible.name },
    only,
    onlyBy: limiting.map(({ name }) => name).sort(),
    count,
    refuses(node) {
      const nominated = snapshot.nominated(node.name);
      if (nominated.length === 0) return refusesAsIs(node);
      // The pod must fit with those that wait for this node and are as important, and without them: they may go elsewhere.
      const awaited = nominated.filter((other) => other.priority >= pod.priority && uidOf(other) !== uidOf(pod));
      if (awaited.length === 0) return refusesAsIs(node);
      const trial = trialOf(node);
      for (const other of awaited) {
        trial.add(other);
        count(other, trial, 1);
      }
      const refused = refusesAsIs(trial);
      for (const other of awaited) count(other, trial, -1);
      return refused ?? refusesAsIs(node);
    },
  };
}
