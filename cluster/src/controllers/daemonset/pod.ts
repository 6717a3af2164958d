import type { DaemonSet, Node, Pod, PodTemplateSpec } from '@berth/kube/objects';
import { suffixOf } from '../hashing.ts';
import { podFromTemplate } from '../pods/index.ts';
import { podRevisionLabel } from '../revisions.ts';
import { tolerationsOf } from './placement.ts';

/**
 * The daemon for one node. The scheduler places it (so that its requests are counted), and the affinity leaves it no choice. The name
 * comes from set, node and time, so that a pod that is deleted is followed by one of another name.
 */
export function podFor(set: DaemonSet, node: Node, hash: string, now: number): Pod {
  const template: PodTemplateSpec = set.spec?.template ?? {};
  const seed = [set.metadata.uid, node.metadata.uid ?? node.metadata.name, now, hash];
  const pod = podFromTemplate(set, template, `${set.metadata.name.slice(0, 57)}-${suffixOf(...seed)}`);
  const required = template.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const here = [{ key: 'metadata.name', operator: 'In' as const, values: [node.metadata.name] }];
  // Alternatives stay alternatives, each on this node only.
  const terms = required?.nodeSelectorTerms.map((term) => ({ ...term, matchFields: here })) ?? [{ matchFields: here }];
  return {
    ...pod,
    metadata: { ...pod.metadata, labels: { ...pod.metadata.labels, [podRevisionLabel]: hash } },
    spec: {
      containers: [],
      ...pod.spec,
      tolerations: tolerationsOf(template),
      affinity: {
        ...template.spec?.affinity,
        nodeAffinity: {
          ...template.spec?.affinity?.nodeAffinity,
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms },
        },
      },
    },
  };
}
