import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { normalize } from './normalize.ts';
import { MetricsError } from './problem.ts';
import { forAverage, forShare, forUtilization, forWhole, type Proposal } from './replicas.ts';
import type { Spec } from './types.ts';

interface Count {
  now: string;
  ask: {
    kind: 'utilization' | 'raw' | 'pods' | 'object' | 'share';
    resource: string;
    container?: string;
    target: number;
    current: number;
    up: number;
    down: number;
  };
  pods: Pod[] | null;
  figures: Record<string, { value: number; ago: number }>;
  expected: { replicas: number; usage: number; utilization?: number; error?: string };
}
interface Past {
  replicas: number;
  ago: number;
}
interface Limit {
  spec: Spec;
  recommendations: Past[];
  ups: Past[];
  downs: Past[];
  current: number;
  desired: number;
  expected: { replicas: number; able: string[]; limited: string[] };
}

/** What kube-controller-manager's own autoscaler makes of figures and of proposals; see ../golden/README.md. */
const file = new URL('golden/scaling.json.gz', import.meta.url);
const { counts, limits } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  counts: Count[];
  limits: Limit[];
};

function propose({ now: text, ask, pods, figures }: Count): Proposal {
  const now = Date.parse(text);
  const { kind, resource, container, target, current, up, down } = ask;
  const scope = { pods: pods ?? [], current, tolerances: { up, down }, now };
  const metrics = new Map(
    Object.entries(figures).map(([name, { value, ago }]) => [
      name,
      { value, timestamp: now - ago * 1000, window: 60_000 },
    ]),
  );
  const whole = figures['']?.value ?? 0;
  if (kind === 'utilization') return forUtilization(metrics, { percent: target, resource, container }, scope);
  if (kind === 'object') return forWhole(whole, target, scope);
  if (kind === 'share') return forShare(whole, target, current, scope.tolerances);
  return forAverage(metrics, target, kind === 'raw' ? resource : '', scope);
}

function proposed(count: Count): Count['expected'] {
  try {
    const { replicas, usage, utilization } = propose(count);
    return { replicas, usage, ...(utilization ? { utilization } : {}) };
  } catch (error) {
    if (!(error instanceof MetricsError)) throw error;
    return { replicas: 0, usage: 0, error: error.message };
  }
}

test('figures ask for as many replicas as with Kubernetes', () => {
  expect(counts.length).toBeGreaterThan(2000);
  for (const [number, count] of counts.entries()) {
    // Pods are in no order there: of several that request nothing any is told.
    const theirs = count.expected.error?.replace(/in container .*/, '');
    const ours = proposed(count);
    const { error, ...rest } = ours;
    const { error: _, ...expected } = count.expected;
    expect({ ...rest, error: error?.replace(/in container .*/, '') }, `count ${number}`).toEqual({
      ...expected,
      error: theirs,
    });
  }
});

test('proposals are stabilized and limited as with Kubernetes', () => {
  const now = Date.parse('2026-01-01T00:00:00.500Z');
  const past = (list: Past[]) => list.map(({ replicas, ago }) => ({ replicas, at: now - ago * 1000 }));
  const changes = (list: Past[]) => list.map(({ replicas, ago }) => ({ by: replicas, at: now - ago * 1000 }));
  expect(limits.length).toBeGreaterThan(2000);
  for (const [number, { spec, current, desired, expected, ...before }] of limits.entries()) {
    const memory = {
      recommendations: past(before.recommendations),
      ups: changes(before.ups),
      downs: changes(before.downs),
    };
    const { replicas, able, limited } = normalize(spec, desired, current, memory, now);
    const ours = {
      replicas,
      able: [able.reason, able.message],
      limited: [limited.status, limited.reason, limited.message],
    };
    expect(ours, `limit ${number}`).toEqual(expected);
  }
});
