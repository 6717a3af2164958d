const sizes = [86_400, 3600, 60, 1] as const;
/** Short forms, days to seconds; Intl's own are too long for a column in Chinese. */
const units = { en: ['d', 'h', 'm', 's'], zh: ['天', '時', '分', '秒'] } as const;

/**
 * A span in at most two units, as a reader says it: `42s`, `5m 3s`, `3h 12m`, `12d`. The second unit is left out
 * once the first is large enough to make it noise.
 */
export function formatDuration(seconds: number, locale: string): string {
  const span = Math.max(0, Math.floor(seconds));
  const names = locale.startsWith('zh') ? units.zh : units.en;
  const found = sizes.findIndex((size) => span >= size);
  const at = found < 0 ? sizes.length - 1 : found;
  const size = sizes[at] ?? 1;
  const amount = Math.floor(span / size);
  const parts = [`${amount}${names[at]}`];
  const next = sizes[at + 1];
  if (next !== undefined && amount < 10) {
    const rest = Math.floor((span % size) / next);
    if (rest > 0) parts.push(`${rest}${names[at + 1]}`);
  }
  return parts.join(' ');
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
