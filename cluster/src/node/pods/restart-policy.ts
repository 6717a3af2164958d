import type { Container, Pod } from '@berth/kube/objects';

/**
 * Whether a container that ended is run again: by the first of its rules that fits the exit code, else by a policy of its own, else by the
 * pod's. Source: the Kubernetes documentation, "Container restart policy" and "Restart policy rules".
 */
export function restartsAfter(pod: Pod, container: Container, exitCode: number): boolean {
  const own = container.restartPolicy;
  if (own !== undefined && (container.restartPolicyRules ?? []).some((rule) => fits(rule, exitCode))) return true;
  const policy = own ?? pod.spec?.restartPolicy ?? 'Always';
  return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
}

type Rule = NonNullable<Container['restartPolicyRules']>[number];

/** `Restart` is all that a rule can ask for. */
function fits({ action, exitCodes }: Rule, exitCode: number): boolean {
  if (action !== 'Restart' || exitCodes === undefined) return false;
  return (exitCodes.operator === 'In') === (exitCodes.values ?? []).includes(exitCode);
}
