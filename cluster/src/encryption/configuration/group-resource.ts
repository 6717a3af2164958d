/** What an EncryptionConfiguration names: `deployments.apps`, `secrets` of the core group, `*.apps`, `*.*`. */
export interface GroupResource {
  /** '' is the core group. */
  group: string;
  resource: string;
}

/** Source: `ParseGroupResource` of `k8s.io/apimachinery`. */
export function groupResourceOf(name: string): GroupResource {
  const dot = name.indexOf('.');
  return dot < 0 ? { group: '', resource: name } : { group: name.slice(dot + 1), resource: name.slice(0, dot) };
}

/** As it is written in the configuration. */
export function named({ group, resource }: GroupResource): string {
  if (group === '') return resource === '*' ? '*.' : resource;
  return `${resource}.${group}`;
}

export function same(one: GroupResource, other: GroupResource): boolean {
  return one.group === other.group && one.resource === other.resource;
}
