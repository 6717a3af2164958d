import type { KubeClient } from '@berth/kube/client';
import { type Pod, resources } from '@berth/kube/objects';

/** Tokens of a pod's service account, kept until they are to be renewed. */
export interface PodTokens {
  get(request: { audience?: string; expirationSeconds: number }): Promise<string>;
  /** When the first of them is due; nothing is when no token was asked for. */
  nextRenewal(): number | undefined;
}

const day = 24 * 3600_000;

/** Bound to the pod (TokenRequest), renewed after four fifths of their time or a day, as kubelet does. */
export function podTokens(client: KubeClient, pod: Pod, now: () => number): PodTokens {
  const kept = new Map<string, { token: string; renewAt: number }>();
  return {
    async get({ audience, expirationSeconds }) {
      const key = `${audience ?? ''}/${expirationSeconds}`;
      const found = kept.get(key);
      if (found && found.renewAt > now()) return found.token;
      const { namespace = '', name, uid } = pod.metadata;
      const account = { namespace, name: pod.spec?.serviceAccountName || 'default' };
      const answer = await client.createSubresource(resources.serviceAccounts, account, 'token', {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: audience ? [audience] : [],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      });
      const status = (answer.status ?? {}) as { token?: string; expirationTimestamp?: string };
      const expires = Date.parse(status.expirationTimestamp ?? '') || now() + expirationSeconds * 1000;
      const token = status.token ?? '';
      kept.set(key, { token, renewAt: now() + Math.min((expires - now()) * 0.8, day) });
      return token;
    },
    nextRenewal() {
      const times = [...kept.values()].map((token) => token.renewAt);
      return times.length > 0 ? Math.min(...times) : undefined;
    },
  };
}
