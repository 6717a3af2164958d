/** The path of the socket that `unix:///path` names. Throws an `Error` for what is none. Source: `ParseEndpoint` of `k8s.io/kms`. */
export function socketOf(endpoint: string): string {
  const path = decodeURIComponent(/^unix:(?:\/\/[^/]*)?([^?#]*)/i.exec(endpoint)?.[1] ?? '');
  if (path.startsWith('/@')) throw new Error(`${endpoint} names an abstract socket: name one in the file system`);
  if (!path.startsWith('/')) throw new Error(`${endpoint} names no socket: unix:///path/to/socket is wanted`);
  return path;
}
