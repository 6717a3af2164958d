import type { DaemonSet, PodTemplateSpec } from '@berth/kube/objects';
import { fixedView } from '@berth/kube/reconcile';
import { expect, test } from 'vitest';
import { syncRevisions } from './revisions.ts';

test('a revision holds its template with the fields in the order in which Go writes them', () => {
  const template: PodTemplateSpec = {
    spec: {
      terminationGracePeriodSeconds: 30,
      containers: [{ name: 'web', image: 'a', env: [{ value: '1', name: 'A' }] }],
    },
    metadata: { labels: { b: '1', a: '2' } },
  };
  const metadata = { name: 'web', namespace: 'shop', uid: 'u' };
  const selector = { matchLabels: { a: '2' } };
  const owner: DaemonSet = { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata, spec: { selector, template } };
  const { update } = syncRevisions(owner, { selector: undefined, template }, fixedView([owner]));
  // What upstream's own suite compares byte by byte.
  expect(JSON.stringify(update.data)).toBe(
    '{"spec":{"template":{"$patch":"replace","metadata":{"labels":{"a":"2","b":"1"}},"spec":{"containers":[{"env":[{"name":"A","value":"1"}],"image":"a","name":"web"}],"terminationGracePeriodSeconds":30}}}}',
  );
});
