import { type Upstream, upstream, upstreamMetrics } from './http/client.ts';
import type { HttpError } from './http/http-error.ts';
import type { Reply, Route, ShopRequest } from './http/route.ts';
import { type RunningServer, startServer } from './http/server.ts';
import { initialKnobs } from './knobs.ts';
import { jsonLog, type Log } from './observe/log.ts';
import { Metrics } from './observe/metrics.ts';
import { otlpExporter } from './observe/otlp.ts';
import { addProcessMetrics } from './observe/process-metrics.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a service gets to be built with. */
export interface ServiceContext {
  readonly env: Environment;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Another service, at the address in the variable `<NAME>_URL`, or at its Kubernetes name. */
  upstream(name: string): Upstream;
}

export interface Service {
  readonly routes: readonly Route[];
  readonly missing?: () => Promise<string | undefined>;
  readonly errorReply?: (error: HttpError, request: Pick<ShopRequest, 'headers' | 'path'>) => Reply;
  close?(): void;
}

export interface RunningService {
  readonly url: string;
  /** Graceful: see `RunningServer.stop`; then closes what the service holds and sends its last spans. */
  stop(delayMs: number): Promise<void>;
}

export interface StartOptions {
  readonly name: string;
  readonly env: Environment;
  readonly port: number;
  readonly write: (line: string) => void;
  readonly build: (context: ServiceContext) => Service;
}

/** Starts one service: its own routes with metrics, traces, knobs and health around them. */
export async function startService({ name, env, port, write, build }: StartOptions): Promise<RunningService> {
  const log = jsonLog(name, write);
  const metrics = new Metrics();
  const stopProcessMetrics = addProcessMetrics(metrics);
  const dropped = metrics.counter('otlp_spans_dropped_total', 'Spans given up because the queue was full or refused.');
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
  const exporter = endpoint
    ? otlpExporter({ endpoint, resource: resource(name, env), onDropped: (count) => dropped.add({}, count) })
    : undefined;
  const spans = exporter?.sink ?? (() => {});
  const calls = upstreamMetrics(metrics);
  const upstreams: Upstream[] = [];
  const service = build({
    env,
    metrics,
    log,
    upstream(other) {
      const address = env[`${other.toUpperCase()}_URL`] || `http://${other}:8080`;
      const created = upstream(other, address, calls, spans);
      upstreams.push(created);
      return created;
    },
  });
  const closeAll = async () => {
    for (const other of upstreams) other.close();
    service.close?.();
    stopProcessMetrics();
    await exporter?.close();
  };
  const { routes, missing = async () => undefined, errorReply } = service;
  let server: RunningServer;
  try {
    const common = { name, routes, missing, metrics, log, spans, knobs: initialKnobs(env) };
    server = await startServer(errorReply === undefined ? common : { ...common, errorReply }, port);
  } catch (error) {
    await closeAll();
    throw error;
  }
  return {
    url: server.url,
    async stop(delayMs) {
      await server.stop(delayMs);
      await closeAll();
    },
  };
}

/** Semantic conventions for resources: who made these spans, as far as the environment says. */
function resource(name: string, env: Environment): Record<string, string> {
  const attributes: Record<string, string> = { 'service.name': name, 'service.namespace': 'shop' };
  if (env.APP_VERSION) attributes['service.version'] = env.APP_VERSION;
  if (env.POD_NAME) attributes['k8s.pod.name'] = env.POD_NAME;
  if (env.POD_NAMESPACE) attributes['k8s.namespace.name'] = env.POD_NAMESPACE;
  return attributes;
}
