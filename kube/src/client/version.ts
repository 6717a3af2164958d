/**
 * Which of two resource versions is newer: negative, zero or positive, as a sort wants it. Versions of Kubernetes are
 * decimal numbers that may be compared (KEP-5504); of those of another server only equality is known, and then
 * the second counts as the older one.
 */
export function compareVersions(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? -1 : 1;
  if (!/^\d+$/.test(a) || !/^\d+$/.test(b)) return 1;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
}
