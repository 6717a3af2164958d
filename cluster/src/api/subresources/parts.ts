import type { KubeObject } from '@berth/kube/objects';

/** Takes one part of `proposed` into `current`, which it may change. */
type Part = (proposed: KubeObject, current: KubeObject) => KubeObject;

/** The subresources that travel as the whole object and change one part of it. */
const parts: Readonly<Record<string, Part>> = {
  status: field('status'),
  approval: field('status'),
  finalize: (proposed, current) => specField(proposed, current, 'finalizers'),
  ephemeralcontainers: (proposed, current) => specField(proposed, current, 'ephemeralContainers'),
  resize: (proposed, current) => ({ ...current, spec: proposed.spec }),
};

export const wholeObjectSubresources: readonly string[] = Object.keys(parts);

export function partOf(subresource: string): Part | undefined {
  return Object.hasOwn(parts, subresource) ? parts[subresource] : undefined;
}

function field(name: string): Part {
  return (proposed, current) => {
    if (proposed[name] === undefined) delete current[name];
    else current[name] = proposed[name];
    return current;
  };
}

function specField(proposed: KubeObject, current: KubeObject, name: string): KubeObject {
  const value = (proposed.spec as Record<string, unknown> | undefined)?.[name];
  const spec = { ...(current.spec as Record<string, unknown> | undefined) };
  if (value === undefined) delete spec[name];
  else spec[name] = value;
  current.spec = spec;
  return current;
}
