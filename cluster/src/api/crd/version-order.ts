/**
 * Compares versions as discovery orders them, the preferred one first: `v10`, `v2`, `v1`, `v11beta2`, `v10beta3`,
 * `v3beta1`, `v12alpha1`, `v11alpha2`, then what is not such a version in the order of the alphabet.
 * Source: "CustomResourceDefinition versioning", version priority.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) {
    if (left || right) return left ? -1 : 1;
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor;
}

function parse(version: string) {
  const [, major, stage, minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  if (major === undefined) return undefined;
  const stability = stage === undefined ? 2 : stage === 'beta' ? 1 : 0;
  return { stability, major: Number(major), minor: Number(minor ?? 0) };
}
