import type { Container, Pod } from '@berth/kube/objects';

/** What an event of a resize says: how it stands and what is asked, as JSON in kubelet's order. */
export function resizeMessage(pod: Pod, state: string, generation: number, error = ''): string {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  const summary = {
    ...(initContainers.length > 0 ? { initContainers: initContainers.map(summaryOf) } : {}),
    ...(containers.length > 0 ? { containers: containers.map(summaryOf) } : {}),
    generation,
    ...(error === '' ? {} : { error }),
  };
  return `Pod resize ${state}: ${JSON.stringify(summary)}`;
}

function summaryOf({ name, resources }: Container) {
  const { limits, requests, claims } = resources ?? {};
  return { name, resources: { ...inOrder({ limits }), ...inOrder({ requests }), ...(claims ? { claims } : {}) } };
}

function inOrder(lists: Record<string, object | undefined>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(lists).flatMap(([field, list]) => {
      const amounts = Object.entries(list ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
      return amounts.length === 0 ? [] : [[field, Object.fromEntries(amounts)]];
    }),
  );
}
