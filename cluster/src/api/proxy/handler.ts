import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { admitConnection } from '../admission/connect.ts';
import type { Call } from '../call.ts';
import { methodNotAllowed } from '../faults.ts';
import type { StreamHandler } from '../http/handle.ts';
import type { Request } from '../http/read-body.ts';
import { respond } from '../http/respond.ts';
import type { Machinery } from '../machinery.ts';
import type { NodeAccessHolder } from '../nodes/index.ts';
import { forward, forwardUpgrade } from './exchange.ts';
import { agentOf, locate } from './locate.ts';
import { type Dial, dialTcp, type ProxyTarget } from './target.ts';

export interface ObjectProxy {
  /** Requests. */
  serve: StreamHandler;
  /** Requests to become something else: WebSockets and the like. */
  upgrade(call: Call, request: Request, socket: Duplex, head: Buffer): Promise<void>;
}

/** `pods/proxy`, `services/proxy` and `nodes/proxy`: a way through the server to what answers HTTP in the cluster. */
export function objectProxy(machinery: Machinery, nodes: NodeAccessHolder, dial: Dial = dialTcp): ObjectProxy {
  const admit = async (call: Call, request: Request) => {
    const { prefix, rest } = parted(call, request.url ?? '/');
    // The query is the target's own: only the path is an option of the connection.
    await admitConnection(machinery, call, new URLSearchParams(), { path: rest.split('?', 1)[0] ?? '' });
    await machinery.storage.caughtUp();
    return { path: rest.startsWith('/') ? rest : `/${rest}`, prefix };
  };
  const targetOf = async (call: Call, request: Request): Promise<ProxyTarget> => {
    const way = await admit(call, request);
    return { ...locate(machinery.storage, call), ...way };
  };
  return {
    async serve(call, request, response) {
      const { prefix, rest } = parted(call, request.url ?? '/');
      if (!rest.startsWith('/') && (request.method === 'GET' || request.method === 'HEAD')) {
        // Relative links of the page would lead past it.
        (response as ServerResponse).writeHead(301, { location: `${prefix}/${rest}` });
        response.end();
        return;
      }
      const way = await admit(call, request);
      const agent = agentOf(machinery.storage, call);
      const answer = agent === undefined ? undefined : nodes.current?.get(agent, way.path);
      if (!answer) return await forward(request, response, { ...locate(machinery.storage, call), ...way }, dial);
      request.resume();
      if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed();
      const { code, type, body } = await answer;
      await respond(request, response, { code, type, body: Buffer.from(body) });
    },
    async upgrade(call, request, socket, head) {
      await forwardUpgrade(request, socket, head, { target: await targetOf(call, request), dial });
    },
  };
}

/** The address in two: up to and with `proxy`, and what the target gets of it, still escaped. */
function parted(call: Call, url: string): { prefix: string; rest: string } {
  const [path = '', query] = url.split(/\?(.*)/s, 2);
  const length = call.kind.description.namespaced ? 8 : 6;
  const parts = path.split('/');
  const prefix = parts.slice(0, length).join('/');
  return { prefix, rest: path.slice(prefix.length) + (query === undefined ? '' : `?${query}`) };
}
