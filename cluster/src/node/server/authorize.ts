import type { TLSSocket } from 'node:tls';
import type { KubeClient } from '@berth/kube/client';
import type { KubeObject, Resource } from '@berth/kube/objects';
import { userOfCertificate } from '../../api/authentication/certificate.ts';
import type { User } from '../../api/types.ts';

interface TokenReview extends KubeObject {
  spec: { token: string };
  status?: {
    authenticated?: boolean;
    user?: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  };
}

interface AccessReview extends KubeObject {
  spec: {
    user: string;
    uid?: string;
    groups: readonly string[];
    extra?: Readonly<Record<string, readonly string[]>>;
    resourceAttributes: { verb: string; version: string; resource: string; subresource: string; name: string };
  };
  status?: { allowed?: boolean };
}

const tokenReviews: Resource<TokenReview> = {
  group: 'authentication.k8s.io',
  version: 'v1',
  resource: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};
const accessReviews: Resource<AccessReview> = {
  group: 'authorization.k8s.io',
  version: 'v1',
  resource: 'subjectaccessreviews',
  kind: 'SubjectAccessReview',
  namespaced: false,
};

type Reviewer = Pick<KubeClient, 'create'>;

/**
 * The user of a request: of the client's certificate when the cluster's authority signed it, else of the bearer token, by a TokenReview.
 * Undefined when there is none; nobody is anonymous here. Rejects when the review cannot be had.
 */
export async function callerOf(
  client: Reviewer,
  socket: TLSSocket,
  authorization: string | undefined,
): Promise<User | undefined> {
  const shown = userOfCertificate(socket);
  if (shown) return shown === 'refused' ? undefined : shown;
  const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) return undefined;
  const { status } = await client.create(tokenReviews, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    metadata: { name: '' },
    spec: { token },
  });
  const user = status?.authenticated ? status.user : undefined;
  if (!user?.username) return undefined;
  const { username: name, groups = [], uid, extra } = user;
  return { name, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
}

const verbs: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: '',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** The verb and the subresources of the Node of which one must be allowed for a request. Source: "Kubelet authorization". */
export function attributesOf(method: string, path: string): { verb: string; subresources: readonly string[] } {
  const verb = verbs[method] ?? '';
  const below = (root: string) => path === root || path.startsWith(`${root}/`);
  if (below('/stats')) return { verb, subresources: ['stats'] };
  if (below('/metrics')) return { verb, subresources: ['metrics'] };
  if (below('/logs')) return { verb, subresources: ['log'] };
  if (below('/checkpoint')) return { verb, subresources: ['checkpoint'] };
  if (below('/pods') || below('/runningpods')) return { verb, subresources: ['pods', 'proxy'] };
  if (below('/healthz')) return { verb, subresources: ['healthz', 'proxy'] };
  if (below('/configz')) return { verb, subresources: ['configz', 'proxy'] };
  return { verb, subresources: ['proxy'] };
}

/** Whether the API server lets the user, by SubjectAccessReviews. Rejects when they cannot be had. */
export async function isAllowed(
  client: Reviewer,
  { name: user, ...caller }: User,
  { verb, subresources }: ReturnType<typeof attributesOf>,
  node: string,
): Promise<boolean> {
  for (const subresource of subresources) {
    const { status } = await client.create(accessReviews, {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: { name: '' },
      spec: {
        user,
        ...caller,
        resourceAttributes: { verb, version: 'v1', resource: 'nodes', subresource, name: node },
      },
    });
    if (status?.allowed) return true;
  }
  return false;
}
