import type { ContainerStatus, Job, Pod } from '@berth/kube/objects';

type Policy = NonNullable<NonNullable<Job['spec']>['podFailurePolicy']>;
type Rule = Policy['rules'][number];

export interface PolicyMatch {
  action?: Rule['action'];
  /** Whether the failure counts towards the limits. */
  counts: boolean;
  /** Why the job fails for it; given for the action FailJob. */
  message?: string;
}

/** What the first rule that a failed pod matches says of it. Source: KEP-3329. */
export function matchFailurePolicy(policy: Policy | undefined, pod: Pod): PolicyMatch {
  const { namespace, name } = pod.metadata;
  for (const [index, rule] of (policy?.rules ?? []).entries()) {
    const what = rule.onExitCodes ? exitOf(pod, rule.onExitCodes) : conditionOf(pod, rule.onPodConditions ?? []);
    if (what === undefined) continue;
    const { action } = rule;
    if (action === 'Ignore') return { action, counts: false };
    if (action === 'FailIndex' || action === 'Count') return { action, counts: true };
    const subject = rule.onExitCodes
      ? `Container ${what.name} for pod ${namespace}/${name} failed with exit code ${what.code}`
      : `Pod ${namespace}/${name} has condition ${what.name}`;
    return { action, counts: true, message: `${subject} matching ${action} rule at index ${index}` };
  }
  return { counts: true };
}

interface Matched {
  name: string;
  code?: number;
}

function exitOf({ status }: Pod, codes: NonNullable<Rule['onExitCodes']>): Matched | undefined {
  const matches = ({ name, state }: ContainerStatus) => {
    const code = state?.terminated?.exitCode ?? 0;
    if (code === 0 || (codes.containerName !== undefined && codes.containerName !== name)) return false;
    return codes.values.includes(code) === (codes.operator === 'In');
  };
  const found = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(matches);
  return found && { name: found.name, code: found.state?.terminated?.exitCode ?? 0 };
}

function conditionOf({ status }: Pod, patterns: NonNullable<Rule['onPodConditions']>): Matched | undefined {
  const found = status?.conditions?.find((condition) =>
    patterns.some((pattern) => pattern.type === condition.type && (pattern.status ?? 'True') === condition.status),
  );
  return found && { name: found.type };
}
