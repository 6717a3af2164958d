import { type KubeClient, startInformer } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import { type Node, resources } from '@berth/kube/objects';
import { simulatedKey } from './node/index.ts';

const role = 'node-role.kubernetes.io/control-plane';

/**
 * Gives these nodes the role of a control plane, which no node may give itself, also when they were deleted and come again. Resolves when those
 * that are there have it.
 */
export async function keepControlPlane(options: {
  client: KubeClient;
  names: readonly string[];
  signal: AbortSignal;
  onError(error: unknown, where: string): void;
}): Promise<void> {
  const { client, names, signal, onError } = options;
  const where = 'the role of a control plane';
  const body = { metadata: { labels: { [role]: '' } } };
  const give = (name: string) =>
    client.patch(resources.nodes, { name }, { type: 'merge', body }, { signal }).catch((error: unknown) => {
      if (!signal.aborted && !isBerthError(error, 'NotFound')) onError(error, where);
    });
  if (names.length === 0) return;
  // Only those without it, so that heartbeats are of no concern here.
  const labelSelector = `!${role},!${simulatedKey}`;
  const nodes = startInformer<Node>({
    client,
    resource: resources.nodes,
    labelSelector,
    signal,
    onError: (error) => onError(error, where),
  });
  await nodes.synced;
  const given: Promise<unknown>[] = [];
  nodes.subscribe(({ type, object: { metadata } }) => {
    if (type !== 'deleted' && names.includes(metadata.name)) given.push(give(metadata.name));
  });
  await Promise.all(given.splice(0));
}
