import type { DaemonSet, Node, Pod, PodTemplateSpec } from '@berth/kube/objects';
import { suffixOf } from '../hashing.ts';
import { podFromTemplate } from '../pods/index.ts';
import { podRevisionLabel } from '../revisions.ts';
import { tolerationsOf } from './placement.ts';

/** The label, and the set's annotation, by which pods were told apart before their templates were hashed. */
export const generationLabel = 'pod-template-generation';

export function generationOf({ metadata }: DaemonSet): string | undefined {
  const text = metadata.annotations?.['deprecated.daemonset.template.generation'];
  return text !== undefined && /^\d+$/.test(text) ? text : undefined;
}

/**
 * The daemon for one node. The scheduler places it (so that its requests are counted), and the affinity leaves it no choice: what the
 * template asks of nodes was looked at already. The name
 * comes from set, node and time, so that a pod that is deleted is followed by one of another name.
 */
export function podFor(set: DaemonSet, node: Node, hash: string, now: number): Pod {
  const template: PodTemplateSpec = set.spec?.template ?? {};
  const seed = [set.metadata.uid, node.metadata.uid ?? node.metadata.name, now, hash];
  const pod = podFromTemplate(set, template, `${set.metadata.name.slice(0, 57)}-${suffixOf(...seed)}`);
  const here = [{ key: 'metadata.name', operator: 'In' as const, values: [node.metadata.name] }];
  const number = generationOf(set);
  const generation = number === undefined ? {} : { [generationLabel]: number };
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, ...generation, [podRevisionLabel]: hash } },
    spec: {
      containers: [],
      ...pod.spec,
      tolerations: tolerationsOf(template),
      affinity: {
        ...template.spec?.affinity,
        nodeAffinity: {
          ...template.spec?.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: here }] },
        },
      },
    },
  };
}
