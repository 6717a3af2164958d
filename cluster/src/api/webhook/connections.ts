import { createHash } from 'node:crypto';
import type { Agent, Dispatcher } from 'undici';

/** How a connection proves whom it reached, and who we are. PEM. */
export interface Trust {
  ca?: string | undefined;
  cert?: string;
  key?: string;
  /** Any certificate will do: only for an APIService that says so. */
  insecure?: boolean;
}

/** How many different trusts have connections of their own at a time; the longest unused gives way. */
const limit = 64;
const connectTimeoutMs = 30_000;

/** Kept connections to webhooks and aggregated APIs, apart by whom they trust. Neither proxies nor HTTP/2. */
export class Connections {
  readonly #agents = new Map<string, Agent>();

  /**
   * What sends requests under `trust`. Its requests name the address as their origin, and the name that the certificate
   * must bear in their `host` header. It follows no redirects.
   */
  async dispatcher(trust: Trust): Promise<Dispatcher> {
    const key = createHash('sha256').update(JSON.stringify(trust)).digest('hex');
    const { Agent: NewAgent } = await import('undici');
    const { ca, cert, key: privateKey, insecure } = trust;
    const agent =
      this.#agents.get(key) ??
      new NewAgent({
        allowH2: false,
        connect: {
          timeout: connectTimeoutMs,
          rejectUnauthorized: insecure !== true,
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(privateKey === undefined ? {} : { key: privateKey }),
        },
      });
    // The one used last stands last.
    this.#agents.delete(key);
    this.#agents.set(key, agent);
    for (const [oldest, unused] of this.#agents) {
      if (this.#agents.size <= limit) break;
      this.#agents.delete(oldest);
      unused.close().catch(() => undefined);
    }
    return agent;
  }

  /** Ends all connections; requests under way fail. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }
}
