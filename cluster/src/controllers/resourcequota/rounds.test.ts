import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { KubeObject } from '@berth/kube/objects';
import { applyMergePatch } from '@berth/kube/patch';
import { canonicalQuantity } from '@berth/kube/quantity';
import { fixedView } from '@berth/kube/reconcile';
import { expect, test } from 'vitest';
import type { ResourceQuota } from '../../quota/index.ts';
import { servedResources } from '../served.ts';
import { resourceQuotaController } from './index.ts';

/** What kube-controller-manager's own quota controller writes in one round; see ../golden/README.md. */
const file = new URL('golden/rounds.json.gz', import.meta.url);
const { cases } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as {
  cases: { quota: ResourceQuota; objects: KubeObject[] | null; expected?: ResourceQuota['status'] }[];
};
const now = Date.parse('2026-03-01T12:00:00Z');

test('the use of every quota is counted as by Kubernetes', () => {
  expect(cases.length).toBe(2500);
  const controller = resourceQuotaController(servedResources());
  for (const [number, { quota, objects, expected }] of cases.entries()) {
    const { actions } = controller.reconcile(quota, fixedView([quota, ...(objects ?? [])]), now);
    const [write] = actions;
    const written = write?.type === 'patch' ? applyMergePatch(quota, write.patch.body).status : undefined;
    // A write that changes nothing is none.
    expect(shown(written ?? quota.status), `round ${number}`).toEqual(shown(expected ?? quota.status));
  }
});

function shown(status: ResourceQuota['status']) {
  const canonical = (list: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(list).map(([name, value]) => [name, canonicalQuantity(value)]));
  return status && { hard: canonical(status.hard), used: canonical(status.used) };
}
