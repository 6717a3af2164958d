import { dns1035Label, dnsLabel, dnsSubdomain, labelValue, qualifiedName } from '../../schema/validate/names.ts';
import { sizeOf } from '../values/size.ts';
import { parseDate } from '../values/time.ts';
import { ArrayList, none, Opaque, Optional, type Value } from '../values/value.ts';
import { patternCost } from './costs.ts';
import { type CallCost, declare } from './declare.ts';
import { parseUri } from './uri.ts';

/** What is wrong with a text; nothing when it has the format. */
type Validate = (text: string) => readonly string[];

/** A named format. `patternSize` is what Kubernetes computes the cost of a validation from. */
class Format extends Opaque {
  readonly typeName = 'kubernetes.NamedFormat';
  readonly name: string;
  readonly validate: Validate;
  readonly patternSize: number;

  constructor(name: string, patternSize: number, validate: Validate) {
    super();
    this.name = name;
    this.patternSize = patternSize;
    this.validate = validate;
  }

  equals(other: Format): boolean {
    return this.name === other.name;
  }

  plain(): string {
    return this.name;
  }
}

/** A prefix of a name may end with a dash, since something follows. */
const prefix =
  (validate: Validate): Validate =>
  (text) =>
    validate(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text);

const matches =
  (message: string, holds: (text: string) => boolean): Validate =>
  (text) =>
    holds(text) ? [] : [message];

function uri(text: string): readonly string[] {
  const found = parseUri(text);
  return typeof found === 'string' ? [found] : [];
}

const isUuid = (text: string) => /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text);
const isBase64 = (text: string) => text !== '' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);

function isDateTime(text: string): boolean {
  const parts = /^(\d{4}-\d{2}-\d{2})t(\d{2}):(\d{2}):(\d{2})(?:.\d+)?(?:z|[+-]\d{2}:\d{2})$/.exec(text.toLowerCase());
  if (parts === null || parseDate(parts[1] ?? '') === undefined) return false;
  return Number(parts[2]) <= 23 && Number(parts[3]) <= 59 && Number(parts[4]) <= 59;
}

const formats = new Map(
  (
    [
      ['dns1123Label', 30, dnsLabel],
      ['dns1123Subdomain', 60, dnsSubdomain],
      ['dns1035Label', 30, dns1035Label],
      ['qualifiedName', 60, qualifiedName],
      ['dns1123LabelPrefix', 30, prefix(dnsLabel)],
      ['dns1123SubdomainPrefix', 60, prefix(dnsSubdomain)],
      ['dns1035LabelPrefix', 30, prefix(dns1035Label)],
      ['labelValue', 40, labelValue],
      ['uri', 1103, uri],
      ['uuid', 70, matches('does not match the UUID format', isUuid)],
      ['byte', 84, matches('invalid base64', isBase64)],
      ['date', 71, matches('invalid date', (text) => parseDate(text) !== undefined)],
      ['datetime', 71, matches('invalid datetime', isDateTime)],
    ] as const
  ).map(([name, patternSize, validate]) => [name as string, new Format(name, patternSize, validate)]),
);

function validated(format: Format, text: string): Value {
  const wrong = format.validate(text);
  return wrong.length === 0 ? none : new Optional(new ArrayList([...wrong]));
}

const validating: CallCost = ([format, text], meter) =>
  patternCost(sizeOf(text, meter), (format as Format).patternSize);

/** Formats of names and other texts. Source: the format library of `k8s.io/apiserver/pkg/cel/library`. */
export const namedFormats = [
  ...[...formats].map(([name, format]) => declare(`#format.${name}(): format`, () => format)),
  declare('#format.named(string): optional<format>', (name: string) => {
    const format = formats.get(name);
    return format === undefined ? none : new Optional(format);
  }),
  declare('format.validate(string): optional<list<string>>', validated, validating),
];
