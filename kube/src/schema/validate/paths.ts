import type { Problems } from './problems.ts';

/** A path below a place that somebody else chooses: it may not lead out of there. */
export function validateDescendingPath(path: string, at: string, problems: Problems): void {
  if (path.startsWith('/')) problems.invalid(at, path, 'must be a relative path');
  if (path.split('/').includes('..')) problems.invalid(at, path, "must not contain '..'");
}
