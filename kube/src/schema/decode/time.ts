import { BerthError } from '../../errors/index.ts';

/** The layouts of `metav1.Time` and `metav1.MicroTime`, as Go writes them. */
const layouts = { seconds: '2006-01-02T15:04:05Z07:00', microseconds: '2006-01-02T15:04:05.000000Z07:00' };

/** What a layout consists of: a pattern, how Go names it, and of a number the range and its name. */
interface Element {
  pattern: RegExp;
  named: string;
  range?: { name: string; from: number; to: number };
}

const literal = (text: string): Element => ({ pattern: new RegExp(`^${text}`), named: text });
const digits = (named: string, name: string, from: number, to: number): Element => ({
  pattern: /^\d\d/,
  named,
  range: { name, from, to },
});

const untilSeconds: readonly Element[] = [
  { pattern: /^\d{4}/, named: '2006' },
  literal('-'),
  digits('01', 'month', 1, 12),
  literal('-'),
  digits('02', 'day', 0, 99),
  literal('T'),
  { ...digits('15', 'hour', 0, 23), pattern: /^\d\d?/ },
  literal(':'),
  digits('04', 'minute', 0, 59),
  literal(':'),
  digits('05', 'second', 0, 59),
];
const fractions: Record<keyof typeof layouts, Element> = {
  // Go takes any fraction where the layout says nothing of one.
  seconds: { pattern: /^(?:[.,]\d+)?/, named: '' },
  microseconds: { pattern: /^[.,]\d{6}/, named: '.000000' },
};
/** What is as it is to be kept already; nearly all times are. Days that not every month has are looked at more closely. */
const day = '(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)';
const untilFraction = `^\\d{4}-(?:${day})T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d`;
const isCanonical = {
  seconds: new RegExp(`${untilFraction}Z$`),
  microseconds: new RegExp(`${untilFraction}\\.\\d{6}Z$`),
};
const zone: Element = { pattern: /^(?:Z|[+-]\d\d:\d\d)/, named: 'Z07:00' };

/**
 * A time as Kubernetes keeps it: in UTC, to the second or to the microsecond, which is then what it must be written to. Throws
 * `BadRequest` in the words of Go's `time.Parse`.
 */
export function canonicalTime(text: string, precision: 'seconds' | 'microseconds'): string {
  if (isCanonical[precision].test(text)) return text;
  const parsing = `parsing time ${JSON.stringify(text)}`;
  const refused = (why: string) => new BerthError('BadRequest', `${parsing}${why}`);
  const found: string[] = [];
  let rest = text;
  for (const { pattern, named, range } of [...untilSeconds, fractions[precision], zone]) {
    const [part] = pattern.exec(rest) ?? [];
    if (part === undefined) {
      throw refused(` as "${layouts[precision]}": cannot parse ${JSON.stringify(rest)} as ${JSON.stringify(named)}`);
    }
    if (range && !(Number(part) >= range.from && Number(part) <= range.to))
      throw refused(`: ${range.name} out of range`);
    found.push(part);
    rest = rest.slice(part.length);
  }
  if (rest !== '') throw refused(`: extra text: ${JSON.stringify(rest)}`);
  const [year, , month, , day, , hour, , minute, , second, fraction = '', offset = 'Z'] = found;
  if (Number(day) < 1 || Number(day) > daysIn(Number(year), Number(month))) throw refused(': day out of range');
  const [, hours = 0, minutes = 0] = offset.split(/[+:-]/).map(Number);
  if (hours > 24) throw refused(': time zone offset hour out of range');
  if (minutes > 59) throw refused(': time zone offset minute out of range');
  const local = Date.parse(`${year}-${month}-${day}T${hour?.padStart(2, '0')}:${minute}:${second}Z`);
  const ahead = (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
  const seconds = new Date(local - ahead).toISOString().slice(0, -'.000Z'.length);
  return precision === 'seconds' ? `${seconds}Z` : `${seconds}.${fraction.slice(1)}Z`;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year + 400, month, 0)).getUTCDate();
}
