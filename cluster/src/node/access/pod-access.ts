import { BerthError } from '@berth/kube/errors';
import type { Pod } from '@berth/kube/objects';
import type { PodAccess, ProcessSession } from '../../api/streaming/types.ts';
import { readLog } from '../logs/index.ts';
import type { ObservedContainer } from '../pods/observed.ts';
import { allContainers, ephemeralContainers } from '../pods/sandbox-config.ts';
import type { PodWorker } from '../pods/worker.ts';
import type { ProcessStreams, Runtime } from '../runtime/types.ts';

export interface AccessOptions {
  runtime: Runtime;
  worker(uid: string): PodWorker | undefined;
  now(): number;
}

/** Reaches logs, processes and ports of the node's pods through the runtime. */
export function podAccess({ runtime, worker, now }: AccessOptions): PodAccess {
  const workerOf = (pod: Pod): PodWorker => {
    const found = worker(pod.metadata.uid ?? '');
    if (found) return found;
    throw new BerthError(
      'BadRequest',
      `pod ${pod.metadata.name} does not have a host assigned or is not there any more`,
    );
  };
  const running = (pod: Pod, name: string): ObservedContainer => {
    const found = attemptsOf(workerOf(pod), pod, name)[0];
    if (found?.state === 'running') return found;
    throw new BerthError(
      'BadRequest',
      `container ${name} is not running in pod ${pod.metadata.name}_${pod.metadata.namespace}`,
    );
  };
  return {
    async logs(pod, options) {
      const of = workerOf(pod);
      const attempts = attemptsOf(of, pod, options.container);
      const chosen = options.previous ? previousOf(attempts) : attempts[0];
      if (!chosen) throw noLog(pod, options.container, options.previous === true, of);
      const since = sinceOf(options, now());
      return readLog({
        file: chosen.logPath,
        follow: options.follow === true && chosen.state === 'running',
        timestamps: options.timestamps === true,
        ...(options.tailLines === undefined ? {} : { tailLines: options.tailLines }),
        ...(options.limitBytes === undefined ? {} : { limitBytes: options.limitBytes }),
        ...(since === undefined ? {} : { since }),
        signal: options.signal,
        ended: of.ended(chosen.id),
      });
    },
    async exec(pod, command, options) {
      const { id } = running(pod, options.container);
      return session(await runtime.exec(id, command, options));
    },
    async attach(pod, options) {
      const { id } = running(pod, options.container);
      return session(await runtime.attach(id, options));
    },
    async portForward(pod, port) {
      const [sandbox] = workerOf(pod).observed.sandboxes;
      if (!sandbox?.ready) throw new BerthError('BadRequest', `pod ${pod.metadata.name} is not running`);
      return runtime.portForward(sandbox.id, port);
    },
  };
}

/** The last attempt that ended, apart from the present one unless that waits for its restart. */
function previousOf(attempts: readonly ObservedContainer[]): ObservedContainer | undefined {
  const [newest, earlier] = attempts;
  return earlier ?? (newest?.state === 'exited' && newest.attempt > 0 ? newest : undefined);
}

function attemptsOf(worker: PodWorker, pod: Pod, name: string): ObservedContainer[] {
  if (
    ![...allContainers(worker.pod), ...ephemeralContainers(worker.pod)].some((container) => container.name === name)
  ) {
    throw new BerthError('BadRequest', `container ${name} is not valid for pod ${pod.metadata.name}`);
  }
  return worker.observed.containers.filter((container) => container.name === name);
}

function noLog(pod: Pod, container: string, previous: boolean, worker: PodWorker): BerthError {
  const about = `container "${container}" in pod "${pod.metadata.name}"`;
  if (previous) return new BerthError('BadRequest', `previous terminated ${about} not found`);
  const reason = worker.waitingReason(container) ?? 'ContainerCreating';
  const why = /^(Err|Image)/.test(reason) ? 'trying and failing to pull image' : reason;
  return new BerthError('BadRequest', `${about} is waiting to start: ${why}`);
}

function sinceOf(options: { sinceSeconds?: number; sinceTime?: string }, now: number): number | undefined {
  if (options.sinceTime !== undefined) return Date.parse(options.sinceTime);
  return options.sinceSeconds === undefined ? undefined : now - options.sinceSeconds * 1000;
}

/** The runtime's streams with the end said as kubectl reads it. */
function session(streams: ProcessStreams): ProcessSession {
  const { exit, ...rest } = streams;
  const status = exit.then((code): Awaited<ProcessSession['status']> => {
    if (code === 0) return { status: 'Success' };
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      reason: 'NonZeroExitCode',
      message: `command terminated with non-zero exit code: exit status ${code}`,
      details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
      code: 500,
    };
  });
  // Who has left before the end must not be an unhandled rejection.
  status.catch(() => {});
  return { ...rest, status };
}
