import type { Who } from '@berth/kube/rbac';

const serviceAccount = /^system:serviceaccount:([^:]+):[^:]+$/;

/** A user with the groups that Kubernetes itself adds: everybody's, and those of service accounts. */
export function whoOf(name: string, groups: readonly string[] = []): Who {
  const namespace = serviceAccount.exec(name)?.[1];
  const own = namespace === undefined ? [] : ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  return { name, groups: [...new Set([...groups, ...own, 'system:authenticated'])] };
}
