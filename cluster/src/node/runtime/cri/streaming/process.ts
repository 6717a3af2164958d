import { text } from 'node:stream/consumers';
import { BerthError, type Status } from '@berth/kube/errors';
import type { ProcessStreams, StreamOptions } from '../../types.ts';
import { dialSpdy } from './spdy.ts';

/**
 * Connects to a process that a CRI `Exec` or `Attach` prepared at the URL. Protocol `v4.channel.k8s.io` of Kubernetes'
 * remote command: a stream each for error, stdin, stdout, stderr and terminal sizes, told apart by `streamType`.
 */
export async function openProcess(url: string, options: StreamOptions): Promise<ProcessStreams> {
  const connection = await dialSpdy(url, 'v4.channel.k8s.io');
  const open = (streamType: string) => connection.open({ streamType });
  const errors = open('error');
  errors.end();
  const stdin = options.stdin ? open('stdin') : undefined;
  const stdout = options.stdout ? open('stdout') : undefined;
  const stderr = options.stderr && !options.tty ? open('stderr') : undefined;
  const sizes = options.tty ? open('resize') : undefined;
  // Nothing comes back on these two; without a reader they would never end.
  stdin?.resume();
  sizes?.resume();
  stdout?.end();
  stderr?.end();

  const exit = text(errors).then(exitCodeOf);
  // Who never asks for the exit must not be an unhandled rejection.
  exit.catch(() => {});
  void connection.closed.then(() => {
    for (const stream of [stdin, sizes]) stream?.destroy();
  });
  const session: ProcessStreams = {
    resize: ({ width, height }) => void sizes?.write(JSON.stringify({ Width: width, Height: height })),
    exit,
    close: () => connection.close(),
  };
  if (stdin) session.stdin = stdin;
  if (stdout) session.stdout = stdout;
  if (stderr) session.stderr = stderr;
  return session;
}

/** What the error stream says at the end: a Status, or nothing when the connection broke. */
function exitCodeOf(answer: string): number {
  if (answer === '') throw new BerthError('ServiceUnavailable', 'the connection to the process ended early');
  const status = parsed(answer);
  if (status?.status === 'Success') return 0;
  const code = status?.details?.causes?.find((cause) => cause.reason === 'ExitCode')?.message;
  if (code !== undefined) return Number(code);
  throw new BerthError('InternalError', status?.message ?? answer);
}

function parsed(answer: string): Partial<Status> | undefined {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}
