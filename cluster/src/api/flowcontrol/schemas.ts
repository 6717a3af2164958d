import type { FlowSchema } from './types.ts';

/** In the order in which they are tried. */
export function inOrder<T extends Pick<FlowSchema, 'metadata' | 'spec'>>(schemas: readonly T[]): T[] {
  return [...schemas].sort(
    (a, b) => a.spec.matchingPrecedence - b.spec.matchingPrecedence || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
}
