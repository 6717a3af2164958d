import type { Event, KubeObject, Pod, ReplicaSet } from '@berth/kube/objects';
import { describe, expect, it } from 'vitest';
import { health } from '../../kinds/health.ts';
import { isAbout, momentsOf } from '../../kinds/timeline.ts';
import { changesOf, needsOf, tally } from './summary.ts';

const owned = (name: string, owner?: string, more: Record<string, unknown> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    uid: `uid-${name}`,
    creationTimestamp: '2026-11-22T20:00:00Z',
    ...(owner === undefined
      ? {}
      : {
          ownerReferences: [
            { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid: `uid-${owner}`, controller: true },
          ],
        }),
  },
  ...more,
});

describe('what needs a person', () => {
  it('is said once for pods of one owner with one reason, and not again for what owns them', () => {
    const crash = health('failed', 'CrashLoopBackOff');
    const pods = ['a', 'b'].map((name) => ({ object: owned(name, 'set') as Pod, health: crash }));
    const others = [
      { object: { ...owned('set', 'deployment'), kind: 'ReplicaSet' }, health: health('ok') },
      { object: { ...owned('deployment'), kind: 'Deployment' }, health: health('failed', '0/2') },
      { object: { ...owned('lonely'), kind: 'Deployment' }, health: health('degraded', '1/2') },
      {
        object: { ...owned('paused'), kind: 'Deployment' },
        health: health('unknown', undefined, undefined, 'status.paused'),
      },
    ];
    const needs = needsOf(pods, others);
    expect(needs.map((need) => [need.object.metadata.name, need.alike])).toEqual([
      ['a', 2],
      ['lonely', 1],
    ]);
  });

  it('is counted by the worst', () => {
    const judged = [health('ok'), health('progressing'), health('degraded')].map((one) => ({
      object: owned('x'),
      health: one,
    }));
    expect(tally(judged)).toEqual({ well: 2, all: 3, worst: 'degraded' });
  });
});

it('tells what changed, the latest first', () => {
  const set: ReplicaSet = {
    ...owned('web-2'),
    metadata: {
      ...owned('web-2').metadata,
      creationTimestamp: '2026-11-22T21:00:00Z',
      annotations: { 'deployment.kubernetes.io/revision': '2' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'uid-web' }],
    },
  } as ReplicaSet;
  const restarted = owned('pod', undefined, {
    status: {
      containerStatuses: [
        { name: 'main', restartCount: 1, lastState: { terminated: { finishedAt: '2026-11-22T22:00:00Z' } } },
      ],
    },
  }) as Pod;
  const changes = changesOf(
    { created: [owned('web')], replicaSets: [set], pods: [restarted], nodes: [], jobs: [] },
    10,
  );
  expect(changes.map((change) => [change.object.metadata.name, change.word, change.values])).toEqual([
    ['pod', 'change.restarted', { name: 'main' }],
    ['web', 'change.revision', { revision: '2' }],
    ['web', 'change.created', undefined],
  ]);
});

it('tells conditions and events as one history', () => {
  const object = owned('pod', undefined, {
    status: {
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ContainersNotReady', lastTransitionTime: '2026-11-22T20:05:00Z' },
        { type: 'MemoryPressure', status: 'False', lastTransitionTime: '2026-11-22T20:01:00Z' },
      ],
    },
  });
  const event = (name: string, type: string, lastTimestamp: string): Event =>
    ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, uid: name },
      involvedObject: { uid: 'uid-pod' },
      type,
      reason: name,
      lastTimestamp,
      count: 3,
    }) as Event;
  const moments = momentsOf(object, [
    event('BackOff', 'Warning', '2026-11-22T20:06:00Z'),
    event('Pulled', 'Normal', '2026-11-22T20:02:00Z'),
  ]);
  expect(moments.map((moment) => [moment.title, moment.level])).toEqual([
    ['BackOff', 'degraded'],
    ['Ready', 'degraded'],
    ['Pulled', 'ok'],
    ['MemoryPressure', 'ok'],
  ]);
  expect(isAbout(event('x', 'Normal', ''), owned('other'))).toBe(false);
});
