import type { User } from '../../types.ts';

const userPrefix = 'system:node:';
export const nodesGroup = 'system:nodes';

/** As which user the agent of a node speaks. */
export function nodeUser(node: string): User {
  return { name: userPrefix + node, groups: [nodesGroup] };
}

/** The node that a user is: '' when it is one that says no name, undefined when it is none. Source: kube-apiserver `nodeidentifier`. */
export function nodeOf({ name, groups }: User): string | undefined {
  return name.startsWith(userPrefix) && groups.includes(nodesGroup) ? name.slice(userPrefix.length) : undefined;
}
