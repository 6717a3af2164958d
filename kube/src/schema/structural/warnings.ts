import type { KubeObject } from '../../objects/index.ts';
import { qualifiedName } from '../validate/names.ts';

const standard = new Set(['orphan', 'foregroundDeletion', 'kubernetes']);
const conflicts = 'to avoid accidental conflicts with other finalizer writers';

/** What Kubernetes warns of when finalizers are added to a custom resource. */
export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const before = new Set(old?.metadata.finalizers);
  const added = new Set((object.metadata.finalizers ?? []).filter((finalizer) => !before.has(finalizer)));
  return [...added].sort().flatMap((finalizer) => {
    const said = (what: string) => `metadata.finalizers: ${JSON.stringify(finalizer)}: ${what}`;
    const warnings = qualifiedName(finalizer).map(said);
    if (finalizer.includes('/') || standard.has(finalizer)) return warnings;
    const preferred = finalizer.includes('.')
      ? `prefer a domain-qualified finalizer name including a path (/) ${conflicts}`
      : `prefer a domain-qualified finalizer name ${conflicts}`;
    return [...warnings, said(preferred)];
  });
}
