import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import type { Pod } from '@berth/kube/objects';
import { expect, test } from 'vitest';
import { refusalOf } from './admit.ts';
import { createEvictions } from './evictions.ts';
import { isEphemeral } from './rank.ts';
import type { Observations } from './signals.ts';
import { thresholdsOf } from './thresholds.ts';
import type { PodUse } from './use.ts';

interface Files {
  availableBytes?: number;
  capacityBytes?: number;
  inodesFree?: number;
  inodes?: number;
  usedBytes?: number;
  inodesUsed?: number;
}

/** As kubelet's `/stats/summary`. */
interface Summary {
  node: {
    memory: { availableBytes: number; workingSetBytes: number };
    fs: Required<Files>;
    runtime: { imageFs: Required<Files> };
    rlimit: { maxpid: number; curproc: number };
  };
  pods:
    | null
    | {
        podRef: { uid: string };
        memory: { workingSetBytes: number };
        process_stats: { process_count: number };
        containers: null | { name: string; memory: { workingSetBytes: number }; rootfs: Files; logs: Files }[];
        volume?: (Files & { name: string })[];
      }[];
}

interface Case {
  settings: {
    hard: Record<string, string>;
    soft: Record<string, string>;
    softGrace: Record<string, string>;
    minimumReclaim: Record<string, string>;
    transitionPeriod: number;
    maxPodGrace: number;
    dedicated: boolean;
  };
  pods: Pod[] | null;
  asking: Pod[];
  rounds: { second: number; summary: Summary; after: Summary }[];
  answers: {
    conditions: string[];
    reclaimed?: string[];
    events?: string[];
    evicted?: { pod: string; grace: number; message: string; disrupted?: boolean }[];
    refused: string[];
  }[];
}

const cases: Case[] = JSON.parse(
  gunzipSync(await readFile(new URL('./golden/rounds.json.gz', import.meta.url))).toString(),
);

const joined = (map: Record<string, string>, operator: string) =>
  Object.entries(map)
    .map(([signal, text]) => `${signal}${operator}${text}`)
    .join(',');

function observed({ node: { memory, fs, runtime, rlimit } }: Summary): Observations {
  const disk = ({ availableBytes, capacityBytes, inodesFree, inodes }: Required<Files>) => ({
    bytes: { available: availableBytes, capacity: capacityBytes },
    inodes: { available: inodesFree, capacity: inodes },
  });
  const [own, images] = [disk(fs), disk(runtime.imageFs)];
  return {
    'memory.available': {
      available: memory.availableBytes,
      capacity: memory.availableBytes + memory.workingSetBytes,
    },
    'nodefs.available': own.bytes,
    'nodefs.inodesFree': own.inodes,
    'imagefs.available': images.bytes,
    'imagefs.inodesFree': images.inodes,
    'pid.available': { available: rlimit.maxpid - rlimit.curproc, capacity: rlimit.maxpid },
  };
}

function useOf(pod: Pod, { pods }: Summary): PodUse | undefined {
  const found = pods?.find(({ podRef }) => podRef.uid === pod.metadata.uid);
  if (!found) return undefined;
  const disk = ({ usedBytes = 0, inodesUsed = 0 }: Files) => ({ bytes: usedBytes, inodes: inodesUsed });
  const containers = (found.containers ?? []).map(({ name, memory, rootfs, logs }) => {
    return { name, memoryBytes: memory.workingSetBytes, layer: disk(rootfs), logs: disk(logs) };
  });
  const volumes = (found.volume ?? []).map((one) => ({ name: one.name, ...disk(one) }));
  const ephemeral = new Set((pod.spec?.volumes ?? []).filter(isEphemeral).map(({ name }) => name));
  const parts = [
    ...containers.flatMap(({ layer, logs }) => [layer, logs]),
    ...volumes.filter(({ name }) => ephemeral.has(name)),
  ];
  return {
    memoryBytes: found.memory.workingSetBytes,
    processes: found.process_stats.process_count,
    containers,
    volumes,
    ephemeralBytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** What our own does about a case. */
async function played({ settings, pods, asking, rounds }: Case): Promise<Case['answers']> {
  let now = 0;
  let summaries: Summary[] = [];
  let answer: Required<Case['answers'][number]> = {
    conditions: [],
    reclaimed: [],
    events: [],
    evicted: [],
    refused: [],
  };
  let current: Summary | undefined;
  const left = new Set(pods ?? []);
  const evictions = createEvictions({
    thresholds: thresholdsOf({
      hard: joined(settings.hard, '<'),
      soft: joined(settings.soft, '<'),
      softGracePeriod: joined(settings.softGrace, '='),
      minimumReclaim: joined(settings.minimumReclaim, '='),
    }),
    settings: {
      maxPodGracePeriod: settings.maxPodGrace,
      pressureTransitionPeriod: settings.transitionPeriod * 1000,
    },
    now: () => now,
    observe: async () => observed(summaries.shift() as Summary),
    apart: async () => settings.dedicated,
    pods: () => [...left],
    use: async (asked) =>
      new Map(
        asked.flatMap((pod) => {
          const use = useOf(pod, current as Summary);
          return use ? [[pod.metadata.uid ?? '', use] as const] : [];
        }),
      ),
    reclaim: {
      containers: async () => void answer.reclaimed.push('containers'),
      images: async () => void answer.reclaimed.push('images'),
    },
    evict(pod, { message, grace, disrupted }) {
      left.delete(pod);
      answer.evicted.push({ pod: pod.metadata.name, grace, message, ...(disrupted ? { disrupted } : {}) });
      answer.events.push(`Warning Evicted ${message}`);
    },
    warn: (reason, message) => answer.events.push(`Warning ${reason} ${message}`),
  });
  const answers: Case['answers'] = [];
  for (const { second, summary, after } of rounds) {
    now = second * 1000;
    summaries = [summary, after];
    current = summary;
    answer = { conditions: [], reclaimed: [], events: [], evicted: [], refused: [] };
    await evictions.look();
    const pressures = evictions.pressures();
    answer.conditions = [...pressures].sort();
    answer.refused = asking.map((pod) => {
      const message = refusalOf(pod, pressures);
      if (message === undefined) return '';
      return pressures.length === 1 ? `Evicted: ${message}` : 'Evicted';
    });
    answers.push(answer);
  }
  return answers;
}

test(`${cases.length} nodes that run short do what kubelet does`, async () => {
  const complete = (answers: Case['answers']) =>
    answers.map(({ reclaimed = [], events = [], evicted = [], ...rest }) => {
      // Kubelet's events say the same once more in annotations, which its recorder for tests appends.
      return { reclaimed, events: events.map((text) => text.replace(/ map\[.*\]$/, '')), evicted, ...rest };
    });
  for (const [index, one] of cases.entries()) {
    expect(complete(await played(one)), `case ${index}`).toEqual(complete(one.answers));
  }
});
