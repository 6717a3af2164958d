/**
 * What a failed HTTP exchange is called: Go's words, which Kubernetes passes on and which people search for.
 * `address` is where the connection went.
 */
export function networkFailure(error: unknown, address: { host: string; port: number }): string {
  const { code, message } = described(error);
  const at = `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
  const x509 = certificateFaults[code];
  if (x509 !== undefined) return `tls: failed to verify certificate: x509: ${x509}`;
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: ${wrongName(message)}`;
    case 'ECONNREFUSED':
      return `dial tcp ${at}: connect: connection refused`;
    case 'EHOSTUNREACH':
      return `dial tcp ${at}: connect: no route to host`;
    case 'ENETUNREACH':
      return `dial tcp ${at}: connect: network is unreachable`;
    case 'ENOTFOUND':
      return `dial tcp: lookup ${address.host}: no such host`;
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${address.host}: Temporary failure in name resolution`;
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
      return `dial tcp ${at}: i/o timeout`;
    case 'ECONNRESET':
      return `read tcp ${at}: read: connection reset by peer`;
    case 'UND_ERR_SOCKET':
      return 'EOF';
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'http: server gave HTTP response to HTTPS client';
    default:
      return message;
  }
}

/** Node's words on a certificate for other names, in Go's. */
function wrongName(message: string): string {
  const [, host, names] = /Host: (\S*)\. is not in the cert's altnames: (.*)$/.exec(message) ?? [];
  if (host === undefined || names === undefined) return `cannot validate certificate: ${message}`;
  const valid = names.split(', ').map((name) => name.replace(/^[^:]*:/, ''));
  return `certificate is valid for ${valid.join(', ')}, not ${host}`;
}

/** Whether a kept connection was closed in the moment of its use, before an answer began. */
export function isClosedConnection(error: unknown): boolean {
  const { code } = described(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

const unknownAuthority = 'certificate signed by unknown authority';
const certificateFaults: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  CERT_SIGNATURE_FAILURE: unknownAuthority,
  CERT_HAS_EXPIRED: 'certificate has expired or is not yet valid',
  CERT_NOT_YET_VALID: 'certificate has expired or is not yet valid',
};

function described(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Several addresses were tried: the first says enough.
  if (error instanceof AggregateError && error.errors.length > 0) return described(error.errors[0]);
  return { code, message: error.message };
}

/** Characters of an answer that a message about it repeats. */
const mostShown = 2048;

/** What an HTTP status that is not a success means, as client-go says it. `body` is what came with it. */
export function statusFailure(code: number, body: string): string {
  const told = statusMessage(body);
  if (told !== undefined) return told;
  const known = statusTexts[code];
  if (known !== undefined) return known;
  if (code < 500) return `the server responded with the status code ${code} but did not return more information`;
  const shown = body.slice(0, mostShown).trim() || 'unknown';
  return `an error on the server (${JSON.stringify(shown)}) has prevented the request from succeeding`;
}

/** The message of a `metav1.Status`, which an answer may be. */
function statusMessage(body: string): string | undefined {
  try {
    const value = JSON.parse(body) as { kind?: unknown; message?: unknown } | null;
    return value?.kind === 'Status' && typeof value.message === 'string' ? value.message : undefined;
  } catch {
    return undefined;
  }
}

const statusTexts: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  403: 'the server does not allow access to the requested resource',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  406: 'the server was unable to respond with a content type that the client supports',
  409: 'the server reported a conflict',
  413: 'the server responded with the status code 413 but did not return more information',
  415: 'the server was unable to respond with a content type that the client supports',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};
