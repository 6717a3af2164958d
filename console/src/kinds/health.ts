import type { Condition, KubeObject } from '@berth/kube/objects';

/** Each level has a shape, a word and a colour (see `components/status-badge`). */
export type Level = 'ok' | 'progressing' | 'degraded' | 'failed' | 'unknown' | 'done';

export type HealthWord =
  | 'status.running'
  | 'status.ready'
  | 'status.active'
  | 'status.progressing'
  | 'status.terminating'
  | 'status.degraded'
  | 'status.failed'
  | 'status.unknown'
  | 'status.completed'
  | 'status.cordoned'
  | 'status.suspended'
  | 'status.paused'
  | 'status.scheduled'
  | 'status.scaledToZero'
  | 'status.superseded';

/** How an object is: `reason` as Kubernetes names it, `message` in the cluster's own words. */
export interface Health {
  level: Level;
  word: HealthWord;
  reason?: string | undefined;
  message?: string | undefined;
}

export const words: Record<Level, HealthWord> = {
  ok: 'status.running',
  progressing: 'status.progressing',
  degraded: 'status.degraded',
  failed: 'status.failed',
  unknown: 'status.unknown',
  done: 'status.completed',
};

/** How urgently a person should look: failed first. For sorting. */
export const urgency: Record<Level, number> = {
  failed: 0,
  degraded: 1,
  unknown: 2,
  progressing: 3,
  ok: 4,
  done: 5,
};

export function health(level: Level, reason?: string, message?: string, word: HealthWord = words[level]): Health {
  return { level, word, ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}

/** The conditions of any object that has some. */
export function conditionsOf(object: KubeObject): Condition[] {
  const status = object.status;
  if (typeof status !== 'object' || status === null || !('conditions' in status)) return [];
  return Array.isArray(status.conditions) ? (status.conditions as Condition[]) : [];
}

export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type);
}

/** `Terminating` for whatever is being deleted; it comes before every other status. */
export function terminating(object: KubeObject): Health | undefined {
  if (object.metadata.deletionTimestamp === undefined) return undefined;
  return health('progressing', undefined, undefined, 'status.terminating');
}

const phases: Record<string, Level> = {
  Active: 'ok',
  Available: 'ok',
  Bound: 'ok',
  Failed: 'failed',
  Lost: 'failed',
  Pending: 'progressing',
  Ready: 'ok',
  Released: 'unknown',
  Running: 'ok',
  Succeeded: 'done',
  Terminating: 'progressing',
};

/** For kinds that the console does not know: by `Ready` or `Available`, by phase, or not at all. */
export function genericHealth(object: KubeObject): Health | undefined {
  const ending = terminating(object);
  if (ending) return ending;
  const condition = ['Ready', 'Available', 'Established'].flatMap((type) => conditionOf(object, type) ?? [])[0];
  if (condition?.status === 'True') return health('ok', undefined, undefined, 'status.ready');
  if (condition?.status === 'False') return health('degraded', condition.reason, condition.message);
  if (condition) return health('unknown', condition.reason, condition.message);
  const status = object.status;
  const phase = typeof status === 'object' && status !== null && 'phase' in status ? String(status.phase) : undefined;
  if (phase === undefined) return undefined;
  const level = phases[phase];
  if (level === undefined) return health('unknown', phase);
  return level === 'ok' ? health('ok', phase, undefined, 'status.active') : health(level, phase);
}
