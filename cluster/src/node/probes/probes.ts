import type { Container, Probe } from '@berth/kube/objects';
import { type CheckResult, check, type ProbeTarget } from './check.ts';

export interface ProbeListener {
  started(): void;
  ready(ready: boolean): void;
  /** The container is to be ended; the message is that of the `Killing` event. */
  kill(message: string, graceSeconds: number | undefined): void;
  /** A probe was made, and went so. */
  probed(type: 'Startup' | 'Readiness' | 'Liveness', outcome: CheckResult['outcome']): void;
  /** For an `Unhealthy` event. */
  unhealthy(message: string): void;
}

export interface ContainerProbes {
  stop(): void;
}

export interface ProbesOptions extends ProbeTarget {
  /** When the container began, for `initialDelaySeconds`. */
  startedAt: number;
  /** What was known when an earlier agent watched over the same container. */
  known: { started: boolean; ready: boolean };
  listener: ProbeListener;
  now(): number;
}

/**
 * Runs a container's probes until stopped: the startup probe alone until it succeeds, then liveness and readiness.
 * A container without a probe counts as having passed it.
 */
export function startProbes(options: ProbesOptions): ContainerProbes {
  const { container, listener, known } = options;
  const over = new AbortController();
  let begun = false;
  const begin = () => {
    if (begun || over.signal.aborted) return;
    begun = true;
    listener.started();
    const { readinessProbe, livenessProbe } = container;
    if (!readinessProbe) listener.ready(true);
    else {
      const verdict = (healthy: boolean) => listener.ready(healthy);
      watch({
        ...options,
        probe: readinessProbe,
        title: 'Readiness',
        initial: known.ready,
        verdict,
        over: over.signal,
      });
    }
    if (livenessProbe) {
      const verdict = (healthy: boolean) => {
        if (!healthy) listener.kill(ended(container, 'liveness'), graceOf(livenessProbe));
      };
      watch({ ...options, probe: livenessProbe, title: 'Liveness', initial: true, verdict, over: over.signal });
    }
  };
  const { startupProbe } = container;
  if (!startupProbe || known.started) begin();
  else {
    const verdict = (healthy: boolean) => {
      if (healthy) begin();
      else listener.kill(ended(container, 'startup'), graceOf(startupProbe));
    };
    watch({ ...options, probe: startupProbe, title: 'Startup', initial: undefined, verdict, over: over.signal });
  }
  return { stop: () => over.abort() };
}

const ended = (container: Container, kind: string) =>
  `Container ${container.name} failed ${kind} probe, will be restarted`;

const graceOf = (probe: Probe): number | undefined =>
  probe.terminationGracePeriodSeconds === undefined ? undefined : Number(probe.terminationGracePeriodSeconds);

interface Watch extends ProbesOptions {
  probe: Probe;
  title: 'Startup' | 'Readiness' | 'Liveness';
  /** The verdict so far; undefined: none yet. */
  initial: boolean | undefined;
  /** Told of every change of mind. */
  verdict(healthy: boolean): void;
  over: AbortSignal;
}

function watch(options: Watch): void {
  const { probe, title, verdict, over, listener, now } = options;
  const period = (probe.periodSeconds ?? 10) * 1000;
  const needed = { success: probe.successThreshold ?? 1, failure: probe.failureThreshold ?? 3 };
  let current = options.initial;
  let run = { healthy: true, length: 0 };
  let timer: NodeJS.Timeout;

  const round = async () => {
    const result = await check(probe, options, probe.timeoutSeconds ?? 1);
    if (over.aborted) return;
    listener.probed(title, result.outcome);
    const healthy = result.outcome === 'success';
    if (result.outcome === 'failure') listener.unhealthy(`${title} probe failed: ${result.message}`);
    if (result.outcome === 'error') listener.unhealthy(`${title} probe errored: ${result.message}`);
    else {
      run = { healthy, length: run.healthy === healthy ? run.length + 1 : 1 };
      if (run.length >= needed[healthy ? 'success' : 'failure'] && current !== healthy) {
        current = healthy;
        verdict(healthy);
        // A startup probe has said all with its first success; what failed otherwise ends with its container.
        if (title === 'Startup' || (title === 'Liveness' && !healthy)) return;
      }
    }
    timer = setTimeout(turn, period);
  };
  const turn = () => void round();
  const delay = (probe.initialDelaySeconds ?? 0) * 1000;
  // A start that is yet to come was before the clock was put back.
  timer = setTimeout(turn, Math.min(Math.max(0, options.startedAt + delay - now()), delay));
  over.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
