import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Job, Pod } from '@berth/kube/objects';
import { fixedView } from '@berth/kube/reconcile';
import { expect, test } from 'vitest';
import { jobController } from './index.ts';

interface Expected {
  created?: Pick<Pod, 'metadata' | 'spec'>[];
  deleted?: string[];
  released?: string[];
  statuses?: Job['status'][];
  events?: string[];
}

/** What kube-controller-manager's own job controller does in one round; see ../golden/README.md. */
const file = new URL('golden/rounds.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  cases: { now: string; job: Job; pods: Pod[] | null; expected: Expected }[];
};

function decide(now: string, job: Job, pods: readonly Pod[]): Expected {
  const { actions } = jobController().reconcile(job, fixedView([job, ...pods]), Date.parse(now));
  const did: Required<Expected> = { created: [], deleted: [], released: [], statuses: [], events: [] };
  let status: Record<string, unknown> = { ...job.status };
  for (const action of actions) {
    if (action.type === 'create') did.created.push(templateOf(action.object as Pod));
    else if (action.type === 'delete') did.deleted.push(action.key.name);
    else if (action.type === 'event') did.events.push(`${action.severity} ${action.reason} ${action.message}`);
    else if (action.type === 'patch' && action.resource.resource === 'pods') did.released.push(action.key.name);
    else if (action.type === 'patch') {
      status = merged(status, (action.patch.body as { status: object }).status);
      did.statuses.push(status as Job['status']);
    }
  }
  return did;
}

function templateOf({ metadata, spec }: Pod): Pick<Pod, 'metadata' | 'spec'> {
  return { metadata, ...(spec ? { spec } : {}) };
}

function merged(target: Record<string, unknown>, patch: object): Record<string, unknown> {
  const next = { ...target };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete next[field];
    else if (typeof value === 'object' && !Array.isArray(value))
      next[field] = merged({ ...(next[field] as object) }, value);
    else next[field] = value;
  }
  return next;
}

/** What is left when order and what is empty are put aside. */
function comparable(expected: Expected, before: Job['status']) {
  const sorted = (list: readonly string[] = []) => [...list].sort();
  const last = expected.statuses?.at(-1) ?? before;
  const uncounted = last?.uncountedTerminatedPods;
  return {
    created: (expected.created ?? [])
      .map(({ metadata, spec }) => ({
        // Without an index Kubernetes leaves it to the common rule what a name begins with.
        name: metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ? metadata.generateName : undefined,
        labels: metadata.labels,
        annotations: metadata.annotations,
        finalizers: metadata.finalizers,
        spec: JSON.parse(JSON.stringify(spec, (key, value) => (key === 'resources' ? undefined : value))),
      }))
      .sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1)),
    deleted: sorted(expected.deleted),
    released: sorted(expected.released),
    events: expected.events?.filter((event) => !/SuccessfulCreate|SuccessfulDelete/.test(event)) ?? [],
    status: {
      ...last,
      uncountedTerminatedPods: { succeeded: sorted(uncounted?.succeeded), failed: sorted(uncounted?.failed) },
    },
  };
}

test('every round is decided as by Kubernetes', () => {
  expect(cases.length).toBeGreaterThan(2000);
  for (const [number, { now, job, pods, expected }] of cases.entries()) {
    const decided = comparable(decide(now, job, pods ?? []), job.status);
    expect(decided, `round ${number}`).toEqual(comparable(expected, job.status));
  }
});
