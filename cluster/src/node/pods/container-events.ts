import type { Pod } from '@berth/kube/objects';
import type { NodeContext } from './context.ts';

const lists = ['containers', 'initContainers', 'ephemeralContainers'] as const;

/** Records an event about one container of a pod. */
export function recordOf(
  { recorder }: Pick<NodeContext, 'recorder'>,
  pod: Pod,
  container: string,
  ...[severity, reason, message]: [severity: 'Normal' | 'Warning', reason: string, message: string]
): void {
  const list = lists.find((each) => pod.spec?.[each]?.some(({ name }) => name === container));
  recorder.record(pod, severity, reason, message, list && `spec.${list}{${container}}`);
}
