import { isIPv4, isIPv6 } from 'node:net';

type Check = (text: string) => boolean;

/**
 * The formats that Kubernetes enforces for custom resources, by their names without dashes; any other format is a
 * remark. Source: the table of formats in Kubernetes' documentation of CustomResourceDefinitions.
 */
const checks: Readonly<Record<string, Check>> = {
  bsonobjectid: (text) => /^[0-9a-fA-F]{24}$/.test(text),
  uri: isRequestUri,
  email: isEmail,
  hostname: isHostname,
  ipv4: (text) => isIPv4(withoutLeadingZeros(text)) || (text.includes('.') && isIPv6(withoutLeadingZeros(text))),
  ipv6: (text) => isIPv6(text) && !text.includes('%'),
  cidr: isCidr,
  mac: isMac,
  uuid: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid3: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
  uuid4: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  uuid5: (text) => /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i.test(text),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text) && text.length === 11,
  hexcolor: (text) => /^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$/.test(text),
  rgbcolor: isRgbColor,
  byte: (text) => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$/.test(text),
  password: () => true,
  date: isDate,
  duration: isDuration,
  datetime: isDateTime,
  k8sshortname: (text) => text.length <= 63 && label.test(text),
  k8slongname: (text) => text.length <= 253 && text.split('.').every((part) => label.test(part)),
};

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** The same by the names that people write, so that no dash needs to be looked for. */
const usual = new Map(
  ['date-time', 'k8s-short-name', 'k8s-long-name'].map((name) => [name, checks[name.replaceAll('-', '')]]),
);

/** The check of a format; undefined for one that nobody enforces. */
export function formatCheck(format: string | undefined): Check | undefined {
  if (format === undefined || format === '') return undefined;
  if (Object.hasOwn(checks, format)) return checks[format];
  const name = format.includes('-') ? format.replaceAll('-', '') : '';
  return usual.get(format) ?? (Object.hasOwn(checks, name) ? checks[name] : undefined);
}

/** An absolute URI or an absolute path, as Go's `url.ParseRequestURI` takes it. */
function isRequestUri(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  if (text === '' || /[\x00-\x1f\x7f]/.test(text) || /%(?![0-9a-fA-F]{2})/.test(text)) return false;
  if (text === '*' || text.startsWith('/')) return !text.startsWith('//') || hasGoodHost(text.slice(2));
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(text);
  if (scheme === null) return false;
  const rest = scheme[2] ?? '';
  return rest.startsWith('//') ? hasGoodHost(rest.slice(2)) : true;
}

function hasGoodHost(afterSlashes: string): boolean {
  const authority = afterSlashes.split(/[/?]/, 1)[0] ?? '';
  const at = authority.lastIndexOf('@');
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) return false;
  const host = authority.slice(at + 1);
  if (!/^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"\u0080-\uffff]|%[89a-fA-F][0-9a-fA-F]|%25)*$/.test(host)) return false;
  return host.startsWith('[') ? /^\[[^\]]*\](:\d*)?$/.test(host) : !host.includes(':') || /:\d*$/.test(host);
}

/** An address as RFC 5322 has it, with or without a display name. */
function isEmail(text: string): boolean {
  const trimmed = text.trim();
  const named = /^(?:"(?:[^"\\]|\\.)*"|[^<>@,;:"[\]\\]*)\s*<([^<>]*)>$/.exec(trimmed);
  const address = named === null ? trimmed : (named[1] ?? '');
  const at = address.lastIndexOf('@');
  if (at < 1) return false;
  const local = address.slice(0, at);
  const domain = address.slice(at + 1);
  const atom = /^[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\uffff]+(\.[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~\u0080-\uffff]+)*$/;
  return (atom.test(local) || /^"(?:[^"\\]|\\.)+"$/.test(local)) && (atom.test(domain) || /^\[[^\]]+\]$/.test(domain));
}

const oneName = /^[a-zA-Z0-9\p{S}\p{L}](-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?/u;
const nameInDots = /^[a-zA-Z0-9\p{S}\p{L}]([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?$/u;
const topLevel = /^[a-zA-Z\p{L}]{2,63}$/u;

/** Source: RFC 1034 section 3.1, RFC 1123; labels of letters of any script, the last one of letters only. */
function isHostname(text: string): boolean {
  if (Buffer.byteLength(text) > 255) return false;
  const labels = text.split('.');
  if (labels.some((part) => Buffer.byteLength(part) > 63)) return false;
  if (labels.length === 1) return oneName.test(text) && oneName.exec(text)?.[0] === text;
  return topLevel.test(labels.at(-1) ?? '') && labels.slice(0, -1).every((part) => nameInDots.test(part));
}

function withoutLeadingZeros(text: string): string {
  return text.replace(/(^|[.:])0+(?=\d+(\.|$))/g, '$1');
}

function isCidr(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/');
  if (more.length > 0 || !/^\d{1,3}$/.test(prefix)) return false;
  const plain = withoutLeadingZeros(address);
  if (isIPv4(plain)) return Number(prefix) <= 32;
  return isIPv6(plain) && !plain.includes('%') && Number(prefix) <= 128;
}

function isMac(text: string): boolean {
  const bytes = '(?:[0-9a-fA-F]{2}SEP){5}[0-9a-fA-F]{2}(?:(?:SEP[0-9a-fA-F]{2}){2}|(?:SEP[0-9a-fA-F]{2}){14})?';
  if ([':', '-'].some((separator) => new RegExp(`^${bytes.replaceAll('SEP', separator)}$`).test(text))) return true;
  return /^(?:[0-9a-fA-F]{4}\.){2}[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}|(?:\.[0-9a-fA-F]{4}){7})?$/.test(text);
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^(?:[0-9]{9}X|[0-9]{10})$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, at) => total + (at + 1) * (digit === 'X' ? 10 : Number(digit)), 0);
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[\s-]+/g, '');
  if (!/^[0-9]{13}$/.test(digits)) return false;
  const sum = [...digits].reduce((total, digit, at) => total + (at % 2 === 0 ? 1 : 3) * Number(digit), 0);
  return sum % 10 === 0;
}

const card =
  /^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$/;

/** A number of a known issuer whose check digit is right (Luhn). */
function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '');
  if (!card.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, at) => {
    const doubled = Number(digit) * (at % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

function isRgbColor(text: string): boolean {
  const parts = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text)?.slice(1);
  return parts?.every((part) => /^(0|[1-9]\d*)$/.test(part) && Number(part) <= 255) ?? false;
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  if (day === undefined || Number(month) < 1 || Number(month) > 12 || Number(day) < 1) return false;
  const leap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(month) - 1] ?? 0;
  return Number(day) <= days;
}

function isDateTime(text: string): boolean {
  const [date = '', time = ''] = text.toLowerCase().split('t');
  const found = /^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$/.exec(time);
  if (found === null || !isDate(date)) return false;
  return Number(found[1]) <= 23 && Number(found[2]) <= 59 && Number(found[3]) <= 59;
}

const goDuration = /^[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/;
const units = /^(?:ns|us|µs|ms|s|m|h|d|w|hr|min|sec|wk)$|^(?:nano|micro|milli|sec|min|hour|day|week)/;

/** As Go's `time.ParseDuration` takes it, or with longer names of units: `3 days`. */
function isDuration(text: string): boolean {
  if (goDuration.test(text)) return true;
  return [...text.matchAll(/\d+\s*([A-Za-zµ]+)/g)].some(([, unit = '']) => units.test(unit.toLowerCase()));
}
