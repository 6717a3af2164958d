/** RFC 3339 in whole seconds, as `metav1.Time` is written. */
export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}
