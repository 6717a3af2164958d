import { BerthError } from '@berth/kube/errors';

/** Wrong use of the command line: exit status 2. Everything else that fails is 1. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** One sentence for stderr: what, why, what to do. Never a stack trace. */
export function sentenceOf(error: unknown): string {
  if (error instanceof BerthError || error instanceof UsageError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code, path, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return `no permission for ${path ?? address ?? 'what was asked'}: run as root or choose another place with --data-dir`;
    case 'EADDRINUSE':
      return `port ${port} on ${address} is in use: stop what listens there, or choose another with --api-port or --console-port`;
    case 'ENOSPC':
      return `the disk is full${path ? ` (writing ${path})` : ''}: make room, then run the command again`;
    case 'ENOENT':
      return `${path ?? 'a file'} is not there`;
    default:
      return error.message;
  }
}
