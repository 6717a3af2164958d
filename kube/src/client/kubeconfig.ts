import { BerthError } from '../errors/index.ts';
import { type Credentials, connect } from './connection.ts';
import { clientOver, type RemoteClient } from './remote.ts';

export interface KubeconfigClient extends RemoteClient, Omit<KubeconfigContext, 'credentials'> {}

/** How long credentials that were read or made by a plugin are used before they are asked for again. */
const credentialsTtl = 30_000;

/** One context of a kubeconfig file, resolved: where its cluster is, and what proves who we are. */
export interface KubeconfigContext {
  readonly context: string;
  readonly server: string;
  /** The context's own namespace; `default` when it names none. */
  readonly namespace: string;
  /** The present credentials; short-lived ones are renewed, at once when the server has `refused` the last. */
  credentials(refused?: boolean): Promise<Credentials>;
}

/**
 * Opens a context of a kubeconfig file (the current one when none is named), with everything such a file may hold:
 * certificates, tokens, exec plugins, passwords, impersonation, a proxy. Rejects with `BadRequest`, saying what to
 * mend, when the file cannot be read or lacks the context.
 */
export async function openKubeconfig(
  file: string,
  context?: string,
  options: { now?: () => number } = {},
): Promise<KubeconfigContext> {
  // Loaded here since it brings thousands of generated classes along, and the embedded cluster needs none of them.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError('BadRequest', `Cannot read the kubeconfig ${file}: ${reason}`, { cause });
  }
  if (context !== undefined) {
    if (!config.getContextObject(context)) {
      const known = config.contexts.map((each) => each.name).join(', ') || 'none';
      throw new BerthError('BadRequest', `The kubeconfig ${file} has no context "${context}" (it has: ${known})`);
    }
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster?.server) {
    throw new BerthError(
      'BadRequest',
      `The kubeconfig ${file} names no cluster in its current context; give --context`,
    );
  }
  if (cluster.server.startsWith('http:')) {
    // As `kubectl proxy` serves it. The library wants to be told that there is no certificate to verify.
    config.clusters = config.clusters.map((each) => (each === cluster ? { ...each, skipTLSVerify: true } : each));
  }

  const now = options.now ?? Date.now;
  let cached: { credentials: Credentials; until: number } | undefined;
  const chosen = config.getContextObject(config.getCurrentContext());
  return {
    context: config.getCurrentContext(),
    server: cluster.server,
    namespace: chosen?.namespace ?? 'default',
    async credentials(refused = false) {
      if (!cached || refused || now() >= cached.until) {
        cached = { credentials: await credentialsOf(config, cluster.proxyUrl), until: now() + credentialsTtl };
      }
      return cached.credentials;
    },
  };
}

/** A client for a context of a kubeconfig file; see `openKubeconfig` for what it takes and its errors. */
export async function clientFromKubeconfig(
  file: string,
  context?: string,
  options: { userAgent?: string; now?: () => number } = {},
): Promise<KubeconfigClient> {
  const { userAgent = 'berth', ...rest } = options;
  const opened = await openKubeconfig(file, context, rest);
  const { server, credentials, namespace } = opened;
  const connection = connect({ server, userAgent, credentials });
  return { ...clientOver(connection, server), context: opened.context, server, namespace };
}

async function credentialsOf(
  config: InstanceType<typeof import('@kubernetes/client-node').KubeConfig>,
  proxyUrl: string | undefined,
): Promise<Credentials> {
  const given: Parameters<typeof config.applyToHTTPSOptions>[0] & { headers?: Record<string, string> } = {};
  try {
    await config.applyToHTTPSOptions(given);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError('Unauthorized', `The kubeconfig's credentials cannot be had: ${reason}`, { cause });
  }
  const credentials: Credentials = { headers: { ...given.headers } };
  const { ca, cert, key, auth } = given as {
    ca?: Buffer;
    cert?: Buffer | string;
    key?: Buffer | string;
    auth?: string;
  };
  if (ca) credentials.ca = ca;
  if (cert) credentials.cert = cert;
  if (key) credentials.key = key;
  if (given.rejectUnauthorized !== undefined) credentials.rejectUnauthorized = given.rejectUnauthorized;
  if ('servername' in given && typeof given.servername === 'string') credentials.servername = given.servername;
  if (auth) {
    credentials.headers = {
      ...credentials.headers,
      authorization: `Basic ${Buffer.from(auth).toString('base64')}`,
    };
  }
  if (proxyUrl) credentials.proxyUrl = proxyUrl;
  return credentials;
}
