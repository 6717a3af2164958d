import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline as pipe } from 'node:stream/promises';
import type { ErrorCause } from '@berth/kube/errors';
import { invalidError } from '@berth/kube/schema';
import { type Call, isTrue } from '../call.ts';
import { badRequest } from '../faults.ts';
import type { StreamHandler } from '../http/handle.ts';
import type { Machinery } from '../machinery.ts';
import { numberOption } from '../verbs/versions.ts';
import { accessTo, containerOf, type PodAccessHolder, podOf } from './pod.ts';
import type { LogOptions } from './types.ts';

/** `pods/log`: a container's output as text, to its end or for as long as it is followed. */
export function podLog(machinery: Machinery, holder: PodAccessHolder): StreamHandler {
  return async (call, _request, response) => {
    const aborted = new AbortController();
    response.on('close', () => aborted.abort());
    const logs = await logOf({ machinery, holder }, call, aborted.signal);
    const http = response as ServerResponse;
    const headers = { 'cache-control': 'no-cache, private' };
    if (!logs) {
      http.writeHead(204, headers);
      http.end();
      return;
    }
    http.writeHead(200, { ...headers, 'content-type': 'text/plain' });
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

/**
 * What a call for `pods/log` asks for, until `signal` is aborted; undefined when the pod has begun nowhere and so has said nothing yet. Throws
 * `BadRequest`, `Invalid`, `NotFound`, and what the node says.
 */
export async function logOf(
  { machinery, holder }: { machinery: Machinery; holder: PodAccessHolder },
  call: Call,
  signal: AbortSignal,
): Promise<Readable | undefined> {
  const asked = logOptions(call);
  const pod = await podOf(machinery, call);
  const options = { ...asked, container: containerOf(pod, call.options.get('container')), signal };
  return pod.spec?.nodeName ? accessTo(holder, pod).logs(pod, options) : undefined;
}

/** What is asked for, whatever the pod. Throws `BadRequest` for what cannot be read, `Invalid` with every cause. */
function logOptions(call: Call): Omit<LogOptions, 'container' | 'signal'> {
  const flag = (name: string) => isTrue(call.options.get(name) ?? 'false');
  const options: Omit<LogOptions, 'container' | 'signal'> = {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
  };
  for (const name of ['tailLines', 'limitBytes', 'sinceSeconds'] as const) {
    if (call.options.get(name) === '') throw badRequest('strconv.ParseInt: parsing "": invalid syntax');
    const value = numberOption(call, name);
    if (value !== undefined) options[name] = value;
  }
  const sinceTime = call.options.get('sinceTime');
  if (sinceTime) {
    if (Number.isNaN(Date.parse(sinceTime))) throw badRequest(`sinceTime: "${sinceTime}" is not a time in RFC 3339`);
    options.sinceTime = sinceTime;
  }
  const causes = faultsOf(options, call.options.has('stream'));
  if (causes.length > 0) throw invalidError({ group: '', kind: 'PodLogOptions' }, call.name, causes);
  return options;
}

function faultsOf(options: Omit<LogOptions, 'container' | 'signal'>, hasStream: boolean): ErrorCause[] {
  const { tailLines, limitBytes, sinceSeconds, sinceTime } = options;
  const causes: ErrorCause[] = [];
  const below = (field: string, value: number, bound: string) => {
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${value}: must be greater than ${bound}`,
      field,
    });
  };
  const forbid = (field: string, why: string) => {
    causes.push({ reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field });
  };
  if (tailLines !== undefined && tailLines < 0) below('tailLines', tailLines, 'or equal to 0');
  if (limitBytes !== undefined && limitBytes < 1) below('limitBytes', limitBytes, '0');
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    forbid('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified');
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) below('sinceSeconds', sinceSeconds, '0');
  if (hasStream) forbid('stream', 'may not be specified');
  return causes;
}
