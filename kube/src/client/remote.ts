import { BerthError, errorFromStatus, type Status } from '../errors/index.ts';
import { apiVersionOf, type KubeList, type KubeObject, type Resource } from '../objects/index.ts';
import { type Connection, type ConnectionOptions, type Credentials, connect, unreachable } from './connection.ts';
import { linesOf } from './lines.ts';
import { objectPath, pathOf, queryOf } from './path.ts';
import type { DeleteOptions, KubeClient, ListOptions, Patch, WatchEvent, WatchOptions, WriteOptions } from './types.ts';

export interface RemoteOptions extends Credentials, Pick<ConnectionOptions, 'dial' | 'timeout'> {
  server: string;
  /** A bearer token, or what gives the present one. */
  token?: string | (() => Promise<string>);
  /** Names the writer in `managedFields` (up to the first slash) and in the audit. */
  userAgent?: string;
}

/** A client over HTTP, and the connection beneath it for what has no verb: logs, proxies, raw paths. */
export interface RemoteClient extends KubeClient {
  readonly connection: Connection;
  close(): Promise<void>;
}

const contentTypes: Record<Patch['type'], string> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/** A client for the server and credentials given. See `clientFromKubeconfig` for those of a kubeconfig file. */
export function remoteClient(options: RemoteOptions): RemoteClient {
  const { server, token, userAgent = 'berth', dial, timeout, ...credentials } = options;
  const connection = connect({
    server,
    userAgent,
    ...(dial ? { dial } : {}),
    ...(timeout === undefined ? {} : { timeout }),
    async credentials() {
      if (token === undefined) return credentials;
      const bearer = typeof token === 'string' ? token : await token();
      return { ...credentials, headers: { ...credentials.headers, authorization: `Bearer ${bearer}` } };
    },
  });
  return clientOver(connection, server);
}

/** The verbs over a connection. */
export function clientOver(connection: Connection, server: string): RemoteClient {
  // The server's answers are taken at their word: types are the caller's, as with any HTTP API.
  const object = async <T extends KubeObject>(request: Parameters<Connection['json']>[0]) =>
    (await connection.json(request)) as T;

  async function* watch<T extends KubeObject>(
    resource: Resource<T>,
    { signal, namespace, ...rest }: WatchOptions = {},
  ): AsyncGenerator<WatchEvent<T>> {
    if (signal?.aborted) return;
    const match = rest.sendInitialEvents ? { resourceVersionMatch: 'NotOlderThan' } : {};
    const path = pathOf(resource, { namespace }) + queryOf({ watch: true, ...rest, ...match });
    try {
      const response = await connection.send({ method: 'GET', path, stream: true, signal });
      for await (const line of linesOf(response.body)) {
        if (signal?.aborted) return;
        yield eventOf<T>(line);
      }
    } catch (error) {
      if (signal?.aborted) return;
      throw unreachable(error, server);
    }
  }

  return {
    connection,
    close: () => connection.close(),
    get: (resource, key, { resourceVersion, signal } = {}) =>
      object({ method: 'GET', path: objectPath(resource, key) + queryOf({ resourceVersion }), signal }),
    async list<T extends KubeObject>(resource: Resource<T>, { namespace, signal, ...query }: ListOptions = {}) {
      const path = pathOf(resource, { namespace }) + queryOf({ ...query });
      const list = (await connection.json({ method: 'GET', path, signal })) as KubeList<T>;
      // Kubernetes leaves the type out of the items of typed lists, and gives null for an empty one of an old server.
      const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
      const items = (list.items ?? []).map((item) => (item.kind === undefined ? { ...item, ...type } : item));
      return { ...list, items };
    },
    watch,
    create: (resource, body, options = {}) =>
      object({
        method: 'POST',
        path: pathOf(resource, { namespace: body.metadata.namespace }) + writeQuery(options),
        body,
        signal: options.signal,
      }),
    update: (resource, body, options = {}) =>
      object({
        method: 'PUT',
        path: objectPath(resource, body.metadata, options.subresource) + writeQuery(options),
        body,
        signal: options.signal,
      }),
    patch: (resource, key, patch, options = {}) =>
      object({
        method: 'PATCH',
        path: objectPath(resource, key, options.subresource) + writeQuery(options),
        body: patch.body,
        contentType: contentTypes[patch.type],
        signal: options.signal,
      }),
    apply: (resource, body, options) =>
      object({
        method: 'PATCH',
        path: objectPath(resource, body.metadata, options.subresource) + writeQuery(options, { force: options.force }),
        body,
        // JSON is YAML.
        contentType: 'application/apply-patch+yaml',
        signal: options.signal,
      }),
    async delete<T extends KubeObject>(resource: Resource<T>, key: { namespace?: string; name: string }, options = {}) {
      const answer = await connection.json({
        method: 'DELETE',
        path: objectPath(resource, key),
        ...deleteBody(options),
      });
      return isStatus(answer) ? undefined : (answer as T);
    },
    async deleteCollection(resource, options) {
      const { namespace, labelSelector, fieldSelector, limit, continue: next } = options;
      const query = queryOf({ labelSelector, fieldSelector, limit, continue: next });
      await connection.json({
        method: 'DELETE',
        path: pathOf(resource, { namespace }) + query,
        ...deleteBody(options),
      });
    },
    createSubresource: async (resource, key, subresource, body, options = {}) =>
      (await connection.json({
        method: 'POST',
        path: objectPath(resource, key, subresource) + writeQuery(options),
        body,
        signal: options.signal,
      })) as Record<string, unknown>,
  };
}

function writeQuery(options: WriteOptions, extra: { force?: boolean | undefined } = {}): string {
  const { fieldManager, fieldValidation, dryRun } = options;
  return queryOf({ fieldManager, fieldValidation, dryRun: dryRun ? 'All' : undefined, ...extra });
}

function deleteBody(options: DeleteOptions) {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun, signal } = options;
  const body = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    ...(preconditions === undefined ? {} : { preconditions }),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
  return { body, signal };
}

function isStatus(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'kind' in answer && answer.kind === 'Status';
}

/** One line of a watch. An ERROR event is thrown as the error that its `Status` stands for. */
function eventOf<T extends KubeObject>(line: string): WatchEvent<T> {
  let event: WatchEvent<T> | { type: 'ERROR'; object: Partial<Status> };
  try {
    event = JSON.parse(line);
  } catch (cause) {
    // The connection broke inside an event; its version was not seen, so the next watch brings it again.
    throw new BerthError('ServiceUnavailable', 'The watch ended in the middle of an event', { cause });
  }
  if (event.type === 'ERROR') throw errorFromStatus(event.object, event.object.code ?? 500);
  return event;
}
