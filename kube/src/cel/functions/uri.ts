import { quoted } from '../../schema/quoted.ts';
import { parseAddress } from './address.ts';

/** A URL as Go's `net/url` takes it apart, which is what Kubernetes answers with. */
export interface Uri {
  readonly scheme: string;
  readonly opaque: string;
  readonly userinfo: string | undefined;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly hasQuery: boolean;
  readonly fragment: string | undefined;
}

/** What is wrong with a text that is no URL; carried to the caller, which words it. */
class Problem extends Error {}

/** The URL (absolute, or an absolute path), or what is wrong, as `url.ParseRequestURI` says it. */
export function parseUri(text: string): Uri | string {
  try {
    // As Kubernetes does: the whole must be one without its fragment being told apart, then it is.
    split(text, undefined);
    const hash = text.indexOf('#');
    return hash < 0 ? split(text, undefined) : split(text.slice(0, hash), text.slice(hash + 1));
  } catch (error) {
    if (error instanceof Problem) return `parse ${JSON.stringify(text)}: ${error.message}`;
    throw error;
  }
}

/** The URL, which may be relative, or what is wrong, as `url.Parse` says it. */
export function parseUrl(text: string): Uri | string {
  const [rest, fragment, hasFragment] = cut(text, '#');
  try {
    checkEscapes(fragment);
    return splitReference(rest, hasFragment ? fragment : undefined);
  } catch (error) {
    if (error instanceof Problem) return `parse ${quoted(text)}: ${error.message}`;
    throw error;
  }
}

function splitReference(text: string, fragment: string | undefined): Uri {
  const isRelative = text !== '*' && !text.startsWith('/') && !text.startsWith(':') && !/^[a-zA-Z][\w+.-]*:/.test(text);
  if (!isRelative) return text.startsWith('//') ? withoutScheme(text, fragment) : split(text, fragment);
  const [path] = cut(text, '?');
  if (cut(path, '/')[0].includes(':')) throw new Problem('first path segment in URL cannot contain colon');
  const found = split(`/${text}`, fragment);
  return { ...found, path: found.path.slice(1) };
}

function withoutScheme(text: string, fragment: string | undefined): Uri {
  return { ...split(`x:${text}`, fragment), scheme: '' };
}

function split(text: string, fragment: string | undefined): Uri {
  if (/\p{Cc}/u.test(text.replace(/[\u0080-\u009f]/g, '')))
    throw new Problem('net/url: invalid control character in URL');
  if (text === '') throw new Problem('empty url');
  if (text.startsWith(':')) throw new Problem('missing protocol scheme');
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1] ?? '';
  const [rest, query, hasQuery] = cut(scheme === '' ? text : text.slice(scheme.length + 1), '?');
  const common = { scheme: scheme.toLowerCase(), query, hasQuery, fragment };
  if (text === '*') return { ...common, opaque: '', userinfo: undefined, host: '', path: '*' };
  if (!rest.startsWith('/')) {
    if (scheme === '') throw new Problem('invalid URI for request');
    return { ...common, opaque: rest, userinfo: undefined, host: '', path: '' };
  }
  if (scheme === '' || !rest.startsWith('//')) {
    return { ...common, opaque: '', userinfo: undefined, host: '', path: escapedPath(rest) };
  }
  const slash = rest.indexOf('/', 2);
  const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
  const at = authority.lastIndexOf('@');
  const userinfo = at < 0 ? undefined : checkedUser(authority.slice(0, at));
  const host = checkedHost(authority.slice(at + 1));
  return { ...common, opaque: '', userinfo, host, path: escapedPath(slash < 0 ? '' : rest.slice(slash)) };
}

function cut(text: string, separator: string): [string, string, boolean] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, '', false] : [text.slice(0, at), text.slice(at + 1), true];
}

function checkedUser(text: string): string {
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text)) throw new Problem('net/url: invalid userinfo');
  checkEscapes(text);
  return text;
}

function checkEscapes(text: string): void {
  const wrong = /%(?![0-9a-fA-F]{2})[\s\S]{0,2}/.exec(text)?.[0];
  if (wrong !== undefined) throw new Problem(`invalid URL escape ${JSON.stringify(wrong)}`);
}

function checkedHost(host: string): string {
  const open = host.lastIndexOf('[');
  if (open > 0) throw new Problem('invalid IP-literal');
  if (open === 0) return bracketed(host);
  if (host.includes(':')) checkPort(host.slice(host.lastIndexOf(':')));
  return unescapedHost(host);
}

function bracketed(host: string): string {
  const close = host.lastIndexOf(']');
  if (close < 0) throw new Problem("missing ']' in host");
  checkPort(host.slice(close + 1));
  const name = host.slice(1, close);
  const zone = name.indexOf('%25');
  const address = zone < 0 ? name : name.slice(0, zone);
  if (!address.includes(':')) {
    const problem = parseAddress(address);
    throw new Problem(
      typeof problem === 'string'
        ? `invalid host: ParseAddr(${JSON.stringify(address)}): unable to parse IP`
        : 'invalid IP-literal',
    );
  }
  const found = parseAddress(address);
  if (typeof found === 'string' && !found.startsWith('IPv4-mapped')) {
    throw new Problem(`invalid host: ${found.slice(found.indexOf('ParseAddr('))}`);
  }
  const readable = zone < 0 ? address : `${address}${name.slice(zone).replace('%25', '%')}`;
  return `[${readable}]${host.slice(close + 1)}`;
}

function checkPort(text: string): void {
  if (!/^(?::\d*)?$/.test(text)) throw new Problem(`invalid port ${JSON.stringify(text)} after host`);
}

function unescapedHost(host: string): string {
  checkEscapes(host);
  const ascii = /%(?!25)[0-7][0-9a-fA-F]/.exec(host)?.[0];
  if (ascii !== undefined) throw new Problem(`invalid URL escape ${JSON.stringify(ascii)}`);
  const wrong = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\u{10ffff}]/u.exec(host)?.[0];
  if (wrong !== undefined) throw new Problem(`invalid character ${JSON.stringify(wrong)} in host name`);
  return host.includes('%') ? unescaped(host) : host;
}

/** The path as it was written, where that is a valid encoding, or encoded anew. */
function escapedPath(path: string): string {
  checkEscapes(path);
  if (/^[A-Za-z0-9\-_.~/!$&'()*+,;=:@[\]%]*$/.test(path)) return path;
  const bytes = Buffer.from(unescaped(path, 'latin1'), 'latin1');
  return [...bytes].map(escapedByte).join('');
}

function escapedByte(byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9\-_.~/$&+,;=:@]/.test(character)
    ? character
    : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

function unescaped(text: string, as: 'utf8' | 'latin1' = 'utf8'): string {
  const bytes: number[] = [];
  const source = Buffer.from(text);
  for (let index = 0; index < source.length; index += 1) {
    const byte = source[index] ?? 0;
    if (byte !== 0x25) bytes.push(byte);
    else {
      bytes.push(Number.parseInt(source.toString('latin1', index + 1, index + 3), 16));
      index += 2;
    }
  }
  return Buffer.from(bytes).toString(as);
}

/** The host without its port and brackets. */
export function hostname({ host }: Uri): string {
  const bare = host.replace(/:\d*$/, '');
  return bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
}

export function port({ host }: Uri): string {
  return /:(\d*)$/.exec(host)?.[1] ?? '';
}

/** The query's values by name; what is no valid pair is left out. */
export function queryOf({ query }: Uri): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';')) continue;
    const [name, value] = cut(pair, '=');
    if (/%(?![0-9a-fA-F]{2})/.test(pair)) continue;
    const key = unescaped(name.replaceAll('+', ' '));
    values.set(key, [...(values.get(key) ?? []), unescaped(value.replaceAll('+', ' '))]);
  }
  return values;
}

export function formatUri(uri: Uri): string {
  const scheme = uri.scheme === '' ? '' : `${uri.scheme}:`;
  const user = uri.userinfo === undefined ? '' : `${uri.userinfo}@`;
  const authority = uri.host === '' && user === '' ? '' : `//${user}${uri.host}`;
  const query = uri.hasQuery ? `?${uri.query}` : '';
  const fragment = uri.fragment === undefined || uri.fragment === '' ? '' : `#${uri.fragment}`;
  return `${scheme}${uri.opaque}${authority}${uri.path}${query}${fragment}`;
}
