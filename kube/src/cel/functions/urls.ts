import { fail } from '../evaluate/failure.ts';
import type { Meter } from '../evaluate/meter.ts';
import { ArrayList, Opaque, ValueMap } from '../values/value.ts';
import { reading } from './costs.ts';
import { declare } from './declare.ts';
import { formatUri, hostname, parseUri, port, queryOf, type Uri } from './uri.ts';

class Url extends Opaque {
  readonly typeName = 'kubernetes.URL';
  readonly uri: Uri;

  constructor(uri: Uri) {
    super();
    this.uri = uri;
  }

  equals(other: Url): boolean {
    return this.plain() === other.plain();
  }

  plain(): string {
    return formatUri(this.uri);
  }
}

function url(text: string): Url {
  const uri = parseUri(text);
  return typeof uri === 'string' ? fail(`URL parse error during conversion from string: ${uri}`) : new Url(uri);
}

function query({ uri }: Url, meter: Meter): ValueMap {
  meter.make(uri.query.length);
  const values = new ValueMap();
  for (const [name, found] of queryOf(uri)) values.add(name, new ArrayList(found));
  return values;
}

/** URLs. Source: the URL library of `k8s.io/apiserver/pkg/cel/library`. */
export const urls = [
  declare('url(string): url', url, reading),
  declare('isURL(string): bool', (text: string) => typeof parseUri(text) !== 'string'),
  declare('url.getScheme(): string', ({ uri }: Url) => uri.scheme),
  declare('url.getHost(): string', ({ uri }: Url) => uri.host),
  declare('url.getHostname(): string', ({ uri }: Url) => hostname(uri)),
  declare('url.getPort(): string', ({ uri }: Url) => port(uri)),
  declare('url.getEscapedPath(): string', ({ uri }: Url) => uri.path),
  declare('url.getQuery(): map<string, list<string>>', query),
];
