const units = [
  ['days', 86_400],
  ['hours', 3600],
  ['minutes', 60],
  ['seconds', 1],
] as const;

/**
 * A span in at most two units, as a reader says it: `42s`, `5m 3s`, `3h 12m`, `12d`. The second unit is left out
 * once the first is large enough to make it noise.
 */
export function formatDuration(seconds: number, locale: string): string {
  const span = Math.max(0, Math.floor(seconds));
  const at = Math.max(
    0,
    units.findIndex(([, size]) => span >= size),
  );
  const [unit, size] = span === 0 ? units[3] : (units[at] ?? units[3]);
  const amount = Math.floor(span / size);
  const parts: Record<string, number> = { [unit]: amount };
  const next = units[at + 1];
  if (span > 0 && next !== undefined && amount < 10) {
    const rest = Math.floor((span % size) / next[1]);
    if (rest > 0) parts[next[0]] = rest;
  }
  return new Intl.DurationFormat(locale, { style: 'narrow', secondsDisplay: span === 0 ? 'always' : 'auto' }).format(
    parts,
  );
}

/** Local date and time to the second, with the zone, for a hover or a fact. */
export function formatTime(time: string | number, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(new Date(time));
}

export function formatCount(count: number, locale: string): string {
  return new Intl.NumberFormat(locale).format(count);
}
