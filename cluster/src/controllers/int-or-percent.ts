/**
 * A number that may be given as a percentage of a whole (`3`, `"25%"`), rounded up or down. What is neither is 0: the API
 * refuses it beforehand.
 */
export function resolveIntOrPercent(
  value: number | string | undefined,
  whole: number,
  rounding: 'up' | 'down',
): number {
  if (typeof value === 'number') return value;
  const percent = /^(\d+)%$/.exec(value ?? '')?.[1];
  if (percent === undefined) return Number.parseInt(value ?? '0', 10) || 0;
  const exact = (whole * Number(percent)) / 100;
  return rounding === 'up' ? Math.ceil(exact) : Math.floor(exact);
}
