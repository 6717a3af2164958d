import type { Duplex, Readable, Writable } from 'node:stream';
import type { Status } from '@berth/kube/errors';
import type { Pod } from '@berth/kube/objects';

/** What `pods/{name}/log` may ask for; the names are the query parameters'. */
export interface LogOptions {
  container: string;
  follow?: boolean;
  previous?: boolean;
  timestamps?: boolean;
  tailLines?: number;
  limitBytes?: number;
  sinceSeconds?: number;
  /** RFC 3339. */
  sinceTime?: string;
  signal: AbortSignal;
}

export interface ProcessOptions {
  container: string;
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  tty: boolean;
}

/** A process in a container. Ending `stdin` closes it there; destroying the session ends the streams. */
export interface ProcessSession {
  stdin?: Writable;
  stdout?: Readable;
  stderr?: Readable;
  resize(size: { width: number; height: number }): void;
  /** `Success`, or `Failure` with reason `NonZeroExitCode` and a cause `ExitCode`, as kubectl reads it. */
  status: Promise<Status | { status: 'Success' }>;
  close(): void;
}

/**
 * How the API server reaches what runs in a pod; the node agent implements it. Errors are `BerthError`s: `BadRequest`
 * for a container that is not there or not running, `ServiceUnavailable` when the node cannot be reached.
 */
export interface PodAccess {
  logs(pod: Pod, options: LogOptions): Promise<Readable>;
  exec(pod: Pod, command: readonly string[], options: ProcessOptions): Promise<ProcessSession>;
  attach(pod: Pod, options: ProcessOptions): Promise<ProcessSession>;
  portForward(pod: Pod, port: number): Promise<Duplex>;
}
