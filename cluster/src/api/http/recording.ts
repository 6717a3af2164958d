import type { ServerResponse } from 'node:http';
import { isBerthError, statusOf } from '@berth/kube/errors';
import { PlainError } from '../faults.ts';
import type { Exchange } from './requester.ts';
import type { Response } from './respond.ts';

/** Of a request that may go on for long: its answer's beginning is worth an event of its own. */
export function recordStart({ record }: Exchange, response: Response): void {
  if (!record) return;
  const http = response as ServerResponse;
  const writeHead = http.writeHead;
  http.writeHead = ((code: number, ...more: []) => {
    record.started(code);
    return writeHead.call(http, code, ...more);
  }) as typeof writeHead;
}

/** What a request failed with; a fault of the server's own is told as such. */
export function recordFailure({ record }: Exchange, error: unknown): void {
  if (!record) return;
  if (!isBerthError(error)) record.panicked((error as Error)?.message ?? String(error));
  else if (!(error instanceof PlainError)) record.failed(statusOf(error));
}

/** The request is over when its answer is, which of a watch is later. */
export function recordEnd({ record }: Exchange, response: Response): void {
  if (!record) return;
  if (response.writableEnded || response.destroyed || response.closed) record.completed(response.statusCode);
  else response.once('close', () => record.completed(response.statusCode));
}
