import type { KubeClient } from '@berth/kube/client';
import type { Logger } from 'pino';
import type { EncryptedObjects, Encryption } from '../encryption/index.ts';
import type { Store } from '../store/index.ts';
import type { AuditOptions } from './audit/options.ts';
import type { AuthenticationFile } from './authentication/jwt/options.ts';
import type { BodyLimits } from './http/read-body.ts';
import type { NodeAccess } from './nodes/index.ts';
import type { Dial } from './proxy/target.ts';
import type { WatchLimits } from './storage/object-storage.ts';
import type { PodAccess } from './streaming/types.ts';

/** Who makes a request, after authentication. */
export interface User {
  name: string;
  groups: readonly string[];
  uid?: string;
  extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AuthenticationOptions {
  /** PEM of the ECDSA P-256 key pair that signs service-account tokens (`makeCertificates` makes it). */
  serviceAccountKey: { privateKey: string; publicKey: string };
  /** `iss` of the tokens. Default: `https://kubernetes.default.svc.cluster.local`. */
  issuer?: string;
  /** Bearer tokens that stand for fixed users, for instance the console's own. */
  tokens?: Readonly<Record<string, User>>;
  /** An AuthenticationConfiguration that says which issuers' tokens are good as well, and whether anybody may ask anonymously. */
  configuration?: AuthenticationFile | undefined;
}

/** With which the server shows aggregated API servers that it speaks for users (`makeCertificates` makes it). PEM. */
export interface FrontProxy {
  /** Of the authority that signed the certificate, and signs nothing else. */
  authority: string;
  cert: string;
  key: string;
}

export interface ApiOptions {
  /** Must stay open until `close` has resolved; the API server is its only writer. */
  store: Store;
  /** How the store's values are kept; it may change meanwhile. Default: plain. */
  encryption?: Encryption;
  authentication: AuthenticationOptions;
  /** How pods are reached for log, exec, attach and port-forward; may be given later by `setPodAccess`. */
  podAccess?: PodAccess;
  /** IPv4 CIDR of service addresses; the first is the service `kubernetes`. */
  serviceRange: string;
  /** Both ends included. Default: 30000–32767. */
  nodePortRange?: { from: number; to: number };
  /** PEM of the authority that clients should trust; published to every pod as `kube-root-ca.crt`. */
  clusterCa: string;
  /** What bodies of requests may take. */
  requests?: Partial<BodyLimits>;
  /** How many requests, of usual size, are served at once; 0: all. What every priority level has is a share of it. */
  maxRequestsInflight?: number;
  /** How much memory watches may take. */
  watches?: Partial<WatchLimits> & {
    /** What the clients of all watches together may leave unread, in bytes. Default: 512 MiB. */
    unreadBytes?: number;
  };
  frontProxy?: FrontProxy;
  /** What is recorded of requests, and where it goes; closed with the server. Default: nothing. */
  audit?: AuditOptions;
  /** Opens connections to pods, services and aggregated APIs. Default: TCP. */
  dial?: Dial;
  /** Default: the clock of the machine. */
  now?: () => Date;
  logger: Logger;
}

export interface ListenOptions {
  host: string;
  /** 0 chooses a free one. */
  port: number;
  tls: {
    /** PEM. */
    key: string;
    cert: string;
    /** PEM of the authority whose client certificates are users (CN = name, O = groups). */
    clientCa: string;
  };
}

export interface ApiServer extends EncryptedObjects {
  /** The loopback client: in process, through the same authorization, admission and validation as over HTTPS. */
  client(user: User): KubeClient;
  /** Serves HTTPS. Rejects with a `BerthError` when the address is taken. */
  listen(options: ListenOptions): Promise<{ port: number }>;
  /** Lets the service `kubernetes` lead here, by an IPv4 address and port that pods can reach. */
  advertise(at: { address: string; port: number }): Promise<void>;
  setPodAccess(podAccess: PodAccess): void;
  /** How nodes are reached, and what is known of what they use. */
  setNodeAccess(nodeAccess: NodeAccess): void;
  /** What `/readyz` says beside the server's own state; a non-empty answer names what is not ready. */
  addReadyCheck(name: string, check: () => boolean): void;
  /** Ends watches, streams and connections, then resolves. The store stays open. */
  close(): Promise<void>;
}
