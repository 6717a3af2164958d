const root = '/registry/';

/** `/registry/<group>/<resource>/`; the core group is written `core`. */
export function resourcePrefix(group: string, resource: string): string {
  return `${root}${group === '' ? 'core' : group}/${resource}/`;
}

/** The key of one object; cluster-scoped objects have no namespace segment. */
export function objectKey(prefix: string, namespace: string | undefined, name: string): string {
  return namespace ? `${prefix}${namespace}/${name}` : prefix + name;
}

/** The `/registry/<group>/<resource>/` that `key` starts with. */
export function prefixOfKey(key: string): string {
  const group = key.indexOf('/', root.length);
  return key.slice(0, key.indexOf('/', group + 1) + 1);
}
