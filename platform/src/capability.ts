import type { IncomingMessage, ServerResponse } from 'node:http';
import type { KubeClient } from '@berth/kube/client';
import type { KubeObject } from '@berth/kube/objects';
import type { Logger } from 'pino';

/** What a capability may use. It has no other way to the world: no cluster internals, no module-level state. */
export interface CapabilityContext {
  client: KubeClient;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A directory of its own that outlives restarts. */
  dataDir: string;
  /** Aborted when the program stops. */
  signal: AbortSignal;
}

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** A request that the portal has authenticated and handed on. */
export interface RouteRequest {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** Acts with the signed-in user's rights, not the program's. */
  client: KubeClient;
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Under `/berth/<capability name>/`. */
  path: string;
  handle(request: RouteRequest): Promise<void>;
}

/**
 * One thing that native Kubernetes leaves out. A folder of `platform/src` exports one; `berth/` wires it in.
 * Capabilities never import each other: what two of them share is an object in the cluster.
 */
export interface Capability {
  readonly name: string;
  /** CustomResourceDefinitions it needs; applied before it starts. */
  readonly resources: readonly KubeObject[];
  /** The smallest RBAC with which it runs; the program's role on a foreign cluster is the union of these. */
  readonly permissions: readonly PolicyRule[];
  /** Runs until the context's signal is aborted; resolves when it is running. Rejects with a `BerthError`. */
  start(context: CapabilityContext): Promise<void>;
  readonly routes?: readonly Route[];
}
