import { isIP } from 'node:net';
import type { Request } from '../http/read-body.ts';

/** What a request says of where it comes from. */
export interface Origin {
  /** As the client names it, or a new one. */
  auditID: string;
  requestURI: string;
  userAgent: string;
  /** Each proxy's word for its client, and at last the address that the connection came from. */
  sourceIPs: readonly string[];
}

/** Characters of what clients choose, so that no line becomes as long as they like. */
const most = { userAgent: 1024, requestURI: 32 * 1024, auditID: 256 };

/** Source: `LogRequestMetadata` of `k8s.io/apiserver/pkg/audit`, `SourceIPs` of apimachinery. */
export function originOf(request: Request, auditID: string): Origin {
  const { headers, url = '/' } = request;
  return {
    auditID,
    requestURI: cut(url, most.requestURI),
    userAgent: cut(headers['user-agent'] ?? '', most.userAgent),
    sourceIPs: sourceIPs(textOf(headers['x-forwarded-for']), textOf(headers['x-real-ip']), remoteOf(request)),
  };
}

/** The name that the client gave its request. */
export function givenAuditID({ headers }: Request): string | undefined {
  const given = textOf(headers['audit-id']);
  return given === '' ? undefined : given.slice(0, most.auditID);
}

function sourceIPs(forwardedFor: string, realIp: string, remote: string): string[] {
  const found = forwardedFor.split(',').map((part) => part.trim());
  const addresses = found.filter((part) => isIP(part) !== 0);
  const real = realIp.trim();
  if (isIP(real) !== 0 && !addresses.includes(real)) addresses.push(real);
  // Nobody chooses the last one: it is where the connection came from.
  if (remote !== '' && addresses.at(-1) !== remote) addresses.push(remote);
  return addresses;
}

/** An IPv4 address of a socket that listens for both is written as such. */
function remoteOf({ socket }: Request): string {
  return (socket?.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}

function textOf(header: string | string[] | undefined): string {
  return Array.isArray(header) ? header.join(',') : (header ?? '');
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...TRUNCATED` : text;
}
