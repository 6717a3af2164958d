import type { ServerResponse } from 'node:http';
import { pipeline as pipe } from 'node:stream/promises';
import { type Call, isTrue } from '../call.ts';
import { badRequest, invalid } from '../faults.ts';
import type { StreamHandler } from '../http/handle.ts';
import type { Machinery } from '../machinery.ts';
import { numberOption } from '../verbs/versions.ts';
import { accessTo, containerOf, type PodAccessHolder, podOf } from './pod.ts';
import type { LogOptions } from './types.ts';

/** `pods/log`: a container's output as text, to its end or for as long as it is followed. */
export function podLog(machinery: Machinery, holder: PodAccessHolder): StreamHandler {
  return async (call, _request, response) => {
    const pod = await podOf(machinery, call);
    const aborted = new AbortController();
    response.on('close', () => aborted.abort());
    const options = logOptions(call, containerOf(pod, call.options.get('container')), aborted.signal);
    const logs = await accessTo(holder, pod).logs(pod, options);
    const http = response as ServerResponse;
    http.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'no-cache, private' });
    http.flushHeaders?.();
    try {
      await pipe(logs, http);
    } catch (error) {
      // The client went away, or the answer has begun: either way there is nobody to tell.
      machinery.logger.debug({ err: error }, 'a log ended early');
      logs.destroy();
    }
  };
}

function logOptions(call: Call, container: string, signal: AbortSignal): LogOptions {
  const flag = (name: string) => isTrue(call.options.get(name) ?? 'false');
  const options: LogOptions = {
    container,
    signal,
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
  };
  const tailLines = atLeast(call, 'tailLines', 0);
  const limitBytes = atLeast(call, 'limitBytes', 1);
  const sinceSeconds = atLeast(call, 'sinceSeconds', 1);
  const sinceTime = call.options.get('sinceTime');
  if (sinceSeconds !== undefined && sinceTime) {
    const message = 'Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified';
    throw invalid({ group: '', kind: 'PodLogOptions' }, call.name, [
      { reason: 'FieldValueForbidden', message, field: '[]' },
    ]);
  }
  if (tailLines !== undefined) options.tailLines = tailLines;
  if (limitBytes !== undefined) options.limitBytes = limitBytes;
  if (sinceSeconds !== undefined) options.sinceSeconds = sinceSeconds;
  if (sinceTime) {
    if (Number.isNaN(Date.parse(sinceTime))) throw badRequest(`sinceTime: "${sinceTime}" is not a time in RFC 3339`);
    options.sinceTime = sinceTime;
  }
  return options;
}

function atLeast(call: Call, name: string, least: number): number | undefined {
  const value = numberOption(call, name);
  if (value === undefined || value >= least) return value;
  const bound = least === 0 ? 'or equal to 0' : '0';
  const message = `Invalid value: ${value}: must be greater than ${bound}`;
  throw invalid({ group: '', kind: 'PodLogOptions' }, call.name, [
    { reason: 'FieldValueInvalid', message, field: name },
  ]);
}
