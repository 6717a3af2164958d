import type { KubeClient } from '@berth/kube/client';
import type { Logger } from 'pino';
import type { Capability } from '../capability.ts';

/** Who is signed in. The link of the first sign-in stands for the connection's own identity. */
export interface PortalUser {
  name: string;
}

/** How the portal reaches a cluster's API; what a kubeconfig context says, resolved. PEM texts, no file names. */
export interface ClusterConnection {
  /** `https://host:port`, with a path prefix where the cluster stands behind one (Rancher, for instance). */
  server: string;
  /** The certificate authority of the server; the system's when absent. */
  ca?: string | Buffer;
  clientCertificate?: string | Buffer;
  clientKey?: string | Buffer;
  serverName?: string;
  skipTlsVerify?: boolean;
  /**
   * The headers that carry the user's rights, asked for on every request so that short-lived tokens work:
   * `authorization`, or `impersonate-user` beside the connection's own client certificate.
   */
  credentials?: (user: PortalUser) => Promise<Record<string, string>>;
}

export interface PortalOptions {
  listen: { host: string; port: number };
  /** PEM. Without it the portal speaks plain HTTP/1.1: only for a proxy on the same machine that ends TLS and HTTP/2. */
  tls?: { cert: string | Buffer; key: string | Buffer };
  connection: ClusterConnection;
  /** The folder of the built console (`console/dist`). */
  assetsDir: string;
  capabilities: readonly Capability[];
  /** The client that capability routes get for a signed-in user. */
  clientFor: (user: PortalUser) => KubeClient;
  cluster: { name: string; version: string };
  /** The command that prints a new sign-in link; shown to whoever has no session. */
  signInCommand: string;
  logger: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** As in the browser's address line, when a proxy stands before the portal: `https://berth.example.com`. */
  publicUrl?: string;
  /** Send Strict-Transport-Security: only where the certificate is one that browsers trust. */
  hsts?: boolean;
  limits?: Partial<PortalLimits>;
}

/** Times in milliseconds, sizes in bytes. */
export interface PortalLimits {
  codeLifetime: number;
  sessionIdle: number;
  sessionLifetime: number;
  /** Kubernetes itself takes 3 MiB. */
  requestBody: number;
  /** For headers and body of a request to arrive. */
  requestTime: number;
  /** A reader that takes nothing for this long is let go. */
  stalledReader: number;
  failedSignIns: { count: number; window: number };
}

export interface Portal {
  /** Without a slash at the end. */
  url: string;
  /** A new link that signs in once, within the code's lifetime. A secret: print it, never log it. */
  signInLink(): string;
  close(): Promise<void>;
}

export const defaultLimits: PortalLimits = {
  codeLifetime: 15 * 60_000,
  sessionIdle: 8 * 3_600_000,
  sessionLifetime: 24 * 3_600_000,
  requestBody: 3 * 1024 * 1024,
  requestTime: 30_000,
  stalledReader: 60_000,
  failedSignIns: { count: 10, window: 60_000 },
};
