import { dumpOf, type FlowControl } from '../flowcontrol/index.ts';
import type { PathHandler } from './handle.ts';

const root = '/debug/api_priority_and_fairness/';

/** What goes on in flow control, as kube-apiserver shows it: `dump_priority_levels`, `dump_queues`, `dump_requests`. */
export function flowDumpHandler(flows: FlowControl): PathHandler {
  return (path, request) => {
    if (!path.startsWith(root)) return undefined;
    const isDetailed = /[?&]includeRequestDetails=[^&]/.test(request.url ?? '');
    const text = dumpOf(flows, path.slice(root.length), isDetailed);
    return text === undefined ? undefined : { body: Buffer.from(text), type: 'text/plain; charset=utf-8' };
  };
}
