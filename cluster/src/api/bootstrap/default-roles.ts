import type { KubeClient } from '@berth/kube/client';
import { type KubeObject, type Resource, resources } from '@berth/kube/objects';
import { type Rule, rbacGroup, uncovered } from '@berth/kube/rbac';
import { nodesGroup } from '../authorization/node/index.ts';
import { ensure } from './ensure.ts';
import { partRoles } from './part-roles.ts';
import { type DefaultRole, defaultRoles } from './roles.ts';

const autoupdate = 'rbac.authorization.kubernetes.io/autoupdate';

interface Role extends KubeObject {
  rules?: readonly Rule[] | null;
}

interface Subject {
  apiGroup?: string;
  kind: string;
  name: string;
}

interface Binding extends KubeObject {
  subjects?: readonly Subject[] | null;
}

/**
 * Makes the roles and bindings that every cluster has, and gives those that are there what they lack of it, unless their annotation
 * `autoupdate` says no. Source: the Kubernetes documentation, "Using RBAC Authorization", auto-reconciliation.
 */
export async function keepDefaultRoles(client: KubeClient): Promise<void> {
  await Promise.all(
    [...defaultRoles, ...partRoles].flatMap((role) => [
      keepRole(client, role),
      ...(role.subjects ? [keepBinding(client, role)] : []),
    ]),
  );
}

function metadataOf({ name }: DefaultRole, labels?: Record<string, string>) {
  return {
    name,
    labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults', ...labels },
    annotations: { [autoupdate]: 'true' },
  };
}

async function keepRole(client: KubeClient, role: DefaultRole): Promise<void> {
  const { rules, labels, aggregates } = role;
  const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { [aggregates ?? '']: 'true' } }] };
  const wanted = { metadata: metadataOf(role, labels), rules, ...(aggregates ? { aggregationRule } : {}) };
  const resource = resources.clusterRoles as Resource;
  const present: Role | undefined = await ensure(client, resource, wanted);
  if (!present || !isOurs(present) || uncovered(present.rules ?? [], rules).length === 0) return;
  await client.update(resource, { ...present, rules: [...rules, ...uncovered(rules, present.rules ?? [])] } as Role);
}

async function keepBinding(client: KubeClient, role: DefaultRole): Promise<void> {
  const { name, subjects: texts = [] } = role;
  const wanted = texts.map(subjectOf);
  const roleRef = { apiGroup: rbacGroup, kind: 'ClusterRole', name };
  const resource = resources.clusterRoleBindings as Resource;
  const present: Binding | undefined = await ensure(client, resource, {
    metadata: metadataOf(role),
    roleRef,
    subjects: wanted,
  });
  if (!present || !isOurs(present)) return;
  const before = present.subjects ?? [];
  const kept = before.filter((subject) => !isWithdrawn(name, subject));
  const missing = wanted.filter((subject) => !kept.some((one) => isSame(one, subject)));
  if (missing.length === 0 && kept.length === before.length) return;
  await client.update(resource, { ...present, subjects: [...kept, ...missing] } as Binding);
}

const isOurs = ({ metadata }: KubeObject): boolean => metadata.annotations?.[autoupdate] === 'true';

const isSame = (a: Subject, b: Subject): boolean => a.kind === b.kind && a.name === b.name;

/** `User:x` or `Group:x`. */
function subjectOf(text: string): Subject {
  const [kind = '', ...rest] = text.split(':');
  return { apiGroup: rbacGroup, kind, name: rest.join(':') };
}

/** Clusters of earlier versions bound every node to a role that let it read every Secret. */
function isWithdrawn(binding: string, { kind, name }: Subject): boolean {
  return binding === 'system:node' && kind === 'Group' && name === nodesGroup;
}
