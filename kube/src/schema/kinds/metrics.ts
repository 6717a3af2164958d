import type { Verb } from '../types.ts';
import { column, describeKinds, type KindFacts, nameColumn } from './describe.ts';

/** `metrics.k8s.io/v1beta1`: what nodes and pods use. Nothing of it is kept; the names are those of metrics-server. */
export const metrics = describeKinds(
  {
    group: 'metrics.k8s.io',
    version: 'v1beta1',
    definitions: 'io.k8s.metrics.pkg.apis.metrics.v1beta1',
  },
  [
    measured({ kind: 'NodeMetrics', resource: 'nodes', scope: 'Cluster' }),
    measured({ kind: 'PodMetrics', resource: 'pods' }),
  ],
);

function measured(facts: KindFacts): KindFacts {
  const verbs: readonly Verb[] = ['get', 'list'];
  const columns = [nameColumn, column('cpu'), column('memory'), column('Window', '.window')];
  // Without a singular of its own, so that it does not take `pod` and `node` from the core group.
  return { ...facts, singular: '', verbs, columns };
}
