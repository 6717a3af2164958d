import { open } from '../request.ts';
import { pathOf } from '../resource.ts';
import { linesOf } from '../watch/lines.ts';

export interface LogSource {
  namespace: string;
  pod: string;
  container: string;
  previous: boolean;
  follow: boolean;
  tailLines: number;
  /** RFC 3339: only what was written at that time or later. */
  sinceTime?: string | undefined;
}

const pods = { group: '', version: 'v1', resource: 'pods' };

/** The lines of a container's log with their times, in batches, until the container ends or `signal` is aborted. */
export async function* readLog(source: LogSource, signal: AbortSignal): AsyncGenerator<string[]> {
  const query = new URLSearchParams({ container: source.container, timestamps: 'true' });
  if (source.sinceTime === undefined) query.set('tailLines', String(source.tailLines));
  else query.set('sinceTime', source.sinceTime);
  if (source.previous) query.set('previous', 'true');
  else if (source.follow) query.set('follow', 'true');
  const key = { namespace: source.namespace, name: source.pod };
  const response = await open(`${pathOf(pods, key, 'log')}?${query}`, { accept: '*/*', signal });
  if (response.body !== null) yield* linesOf(response.body);
}
