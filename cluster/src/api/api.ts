import { kinds } from '@berth/kube/schema';
import { Admission } from './admission/admission.ts';
import { Authenticator } from './authentication/authenticator.ts';
import { discoveryHandler } from './discovery/handler.ts';
import { requestHandler } from './http/handle.ts';
import { healthHandler, type ReadyCheck } from './http/health.ts';
import { HttpsServer } from './http/server.ts';
import { KindRegistry } from './kinds.ts';
import { LoopbackClient } from './loopback/client.ts';
import type { Machinery } from './machinery.ts';
import { Pipeline } from './pipeline.ts';
import { ProtobufDecoder } from './protobuf/decode.ts';
import { ObjectStorage } from './storage/object-storage.ts';
import { status } from './subresources/status.ts';
import { Subresources } from './subresources/subresources.ts';
import { Tables } from './table/table.ts';
import type { ApiOptions, ApiServer } from './types.ts';

/** Builds the API server over a store, with the objects that every cluster has. */
export async function createApi(options: ApiOptions): Promise<ApiServer> {
  const { logger } = options;
  const now = options.now ?? (() => new Date());
  const storage = new ObjectStorage(options.store);
  let broken: unknown;
  storage.follow((error) => {
    broken = error;
    logger.error({ err: error }, 'the store can no longer be followed');
  });
  const registry = new KindRegistry(kinds);
  const machinery: Machinery = { storage, kinds: registry, admission: new Admission([]), now, logger };
  const subresources = new Subresources(new Map(), new Map([['status', status]]));
  const pipeline = new Pipeline(machinery, { authorize: () => ({ allowed: true, reason: '' }) }, subresources);
  const checks: ReadyCheck[] = [{ name: 'store', check: () => broken === undefined }];
  const servers = new Set<HttpsServer>();
  const handler = requestHandler({
    pipeline,
    authenticator: new Authenticator([]),
    tables: new Tables(now),
    protobuf: new ProtobufDecoder(),
    paths: [healthHandler(checks), discoveryHandler(registry)],
    streams: new Map(),
    failed: (error, path) => logger.error({ err: error, path }, 'a request failed'),
    finished: () => {},
  });

  return {
    client: (user) => new LoopbackClient(pipeline, user),
    async listen(listen) {
      const server = new HttpsServer(
        listen,
        { request: handler, upgrade: async (_r, socket) => void socket.destroy() },
        logger,
      );
      const listening = await server.listen(listen);
      servers.add(server);
      return listening;
    },
    setPodAccess() {},
    addReadyCheck: (name, check) => void checks.push({ name, check }),
    async close() {
      await Promise.all([...servers].map((server) => server.close()));
      await storage.close();
    },
  };
}
