import type { Pod } from '@berth/kube/objects';
import { containerHash } from '../pods/hash.ts';
import { memoryOf, type PodMemory } from '../pods/memory.ts';
import { marks, type ObservedContainer, type ObservedPod } from '../pods/observed.ts';
import { restartsAfter } from '../pods/restart-policy.ts';
import { allContainers } from '../pods/sandbox-config.ts';
import { podStatus, type StatusInput } from '../pods/status.ts';
import type { Stage } from './life.ts';

type Shown = Exclude<Stage, { name: 'removed' }>;

/** The status of a pod at a stage, by the function that also makes those of real pods. */
export function pretendedStatus(
  pod: Pod,
  stage: Shown,
  around: { exitCode: number; hostIps: readonly string[]; now: number; resize?: StatusInput['resize'] },
): NonNullable<Pod['status']> {
  const { hostIps, now, resize = [] } = around;
  const memory: PodMemory = { containers: new Map(), mounted: true };
  const observed = observedAt(pod, stage, around);
  const backoffs = new Map<string, number>();
  for (const { name } of allContainers(pod)) {
    const own = memoryOf(memory, name);
    if (stage.name === 'started') Object.assign(own, { started: true, ready: stage.ready });
    if (stage.name === 'waiting') own.failure = { reason: stage.reason, message: '', retryAt: now, count: 1 };
  }
  if (stage.name === 'backingOff') {
    for (const { name } of pod.spec?.containers ?? []) backoffs.set(name, stage.backoff);
  }
  return podStatus({ pod, observed, memory, backoffs, hostIps, resize, runtimeName: 'simulated', now });
}

/** What a runtime would show. */
function observedAt(pod: Pod, stage: Shown, { exitCode, now }: { exitCode: number; now: number }): ObservedPod {
  const { name, namespace = '', uid = '' } = pod.metadata;
  // An address of its own, from the last digits of the pod's identity.
  const digits = Number.parseInt(uid.replaceAll('-', '').slice(-4) || '0', 16);
  const over = stage.name === 'ended' && !startsAgain(pod, exitCode);
  const sandbox = {
    id: uid,
    metadata: { name, namespace, uid, attempt: 0 },
    ready: !over,
    createdAt: now,
    ips: [`198.18.${digits >> 8}.${digits & 255}`],
    labels: {},
    annotations: {},
  };
  if (stage.name === 'creating' || stage.name === 'waiting') return { sandboxes: [sandbox], containers: [] };

  const { attempt } = stage;
  const before = pod.status?.containerStatuses?.[0];
  const startedAt = Date.parse(before?.state?.running?.startedAt ?? '') || now;
  const endedAt = Date.parse((before?.state?.terminated ?? before?.lastState?.terminated)?.finishedAt ?? '') || now;
  const initial = new Set((pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy !== 'Always'));
  const containers = allContainers(pod).flatMap((container): ObservedContainer[] => {
    const one = {
      sandboxId: uid,
      name: container.name,
      createdAt: now,
      message: '',
      image: container.image ?? '',
      imageRef: container.image ?? '',
      logPath: '',
      labels: {},
      annotations: { [marks.containerHash]: containerHash(container) },
    };
    const id = (of: number) => `${uid}-${container.name}${of === 0 ? '' : `-${of}`}`;
    const ended = (of: number, code: number, at: number): ObservedContainer => ({
      ...one,
      id: id(of),
      attempt: of,
      state: 'exited',
      startedAt,
      finishedAt: at,
      exitCode: code,
      reason: code === 0 ? 'Completed' : 'Error',
    });
    if (initial.has(container)) return [ended(0, 0, startedAt)];
    if (stage.name === 'ended') return [ended(attempt, exitCode, now)];
    if (stage.name === 'backingOff') return [ended(attempt, exitCode, endedAt)];
    const began = before?.state?.running && before.restartCount === attempt ? startedAt : now;
    const running = { ...one, id: id(attempt), attempt, state: 'running', startedAt: began } as const;
    const fresh: ObservedContainer = { ...running, finishedAt: 0, exitCode: 0, reason: '' };
    return attempt > 0 ? [fresh, ended(attempt - 1, exitCode, endedAt)] : [fresh];
  });
  return { sandboxes: [sandbox], containers };
}

/** All containers end together. */
function startsAgain(pod: Pod, exitCode: number): boolean {
  return (pod.spec?.containers ?? []).some((container) => restartsAfter(pod, container, exitCode));
}
