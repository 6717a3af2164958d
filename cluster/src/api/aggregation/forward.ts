import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isBerthError } from '@berth/kube/errors';
import type { Request } from '../http/read-body.ts';
import type { Response } from '../http/respond.ts';
import { type Dial, forward, forwardUpgrade, type ProxyTarget } from '../proxy/index.ts';
import type { FrontProxy, User } from '../types.ts';
import type { Endpoints } from '../webhook/index.ts';
import type { ApiService } from './api-service.ts';
import { userHeaders } from './front-proxy.ts';
import { targetOf } from './remote.ts';

interface Reach {
  endpoints: Endpoints;
  frontProxy: FrontProxy | undefined;
  dial: Dial;
}

/** A group version that another server serves: whoever is authorized reaches it, in the name that the headers say. */
export class AggregatedApi {
  /** Whether it answered when it was last asked. */
  isAvailable = false;
  readonly #apiService: ApiService;
  readonly #reach: Reach;

  constructor(apiService: ApiService, reach: Reach) {
    this.#apiService = apiService;
    this.#reach = reach;
  }

  async serve(request: Request, response: Response, user: User): Promise<void> {
    const target = this.#target(request, user);
    if (target) return await forward(request, response, target, this.#reach.dial);
    request.resume();
    const http = response as ServerResponse;
    http.writeHead(503, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
    http.end('service unavailable\n');
  }

  async upgrade(request: Request, socket: Duplex, head: Buffer, user: User): Promise<void> {
    const target = this.#target(request, user);
    if (target) return await forwardUpgrade(request, socket, head, { target, dial: this.#reach.dial });
    socket.end(
      'HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\nservice unavailable\n',
    );
  }

  #target(request: Request, user: User): ProxyTarget | undefined {
    if (!this.isAvailable) return undefined;
    try {
      const target = targetOf(this.#apiService, this.#reach);
      const headers = { ...userHeaders(user), host: `${target.tls?.servername}:${target.port}` };
      return { ...target, path: request.url ?? '/', headers: headers as Record<string, string> };
    } catch (error) {
      if (isBerthError(error, 'ServiceUnavailable')) return undefined;
      throw error;
    }
  }
}
