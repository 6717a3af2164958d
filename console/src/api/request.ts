import type { ErrorDetails, Status } from '@berth/kube/errors';

/** What the portal or the Kubernetes API refused, or could not answer; `reason` is that of the `Status`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: number;
  readonly reason: string;
  readonly details: ErrorDetails | undefined;

  constructor(code: number, reason: string, message: string, details?: ErrorDetails) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

/** Answered by nobody: the network, the portal or the browser's own limits. */
export const unreachable = 'Unreachable';

export interface RequestOptions {
  method?: string;
  body?: unknown;
  accept?: string;
  signal?: AbortSignal;
}

/** The answer of the portal with a status below 400; rejects with an `ApiError`, or an `AbortError` when cancelled. */
export async function open(path: string, options: RequestOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: options.accept ?? 'application/json', 'x-berth-request': '1' };
  if (options.body !== undefined) headers['content-type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, {
      method: options.method ?? 'GET',
      headers,
      credentials: 'same-origin',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(0, unreachable, error instanceof Error ? error.message : String(error));
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

export async function read<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await open(path, options);
  return (await response.json()) as T;
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const status = JSON.parse(text) as Partial<Status>;
    return new ApiError(response.status, status.reason ?? 'Unknown', status.message ?? '', status.details);
  } catch {
    return new ApiError(response.status, 'Unknown', text.slice(0, 300));
  }
}
