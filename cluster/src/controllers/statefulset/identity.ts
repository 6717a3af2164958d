import type { Pod, PodTemplateSpec, StatefulSet } from '@berth/kube/objects';
import { podFromTemplate } from '../pods/index.ts';
import { podRevisionLabel } from '../revisions.ts';

export function firstOrdinal(set: StatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

/** The number at the end of the pod's name; undefined for one that is not named after the set. */
export function ordinalOf(set: StatefulSet, { metadata }: Pod): number | undefined {
  const prefix = `${set.metadata.name}-`;
  const rest = metadata.name.startsWith(prefix) ? metadata.name.slice(prefix.length) : '';
  return /^(0|[1-9]\d*)$/.test(rest) ? Number(rest) : undefined;
}

/** Whether the set is to have a pod of this ordinal. */
export function isInRange(set: StatefulSet, pod: Pod): boolean {
  const ordinal = ordinalOf(set, pod);
  if (ordinal === undefined) return false;
  return ordinal >= firstOrdinal(set) && ordinal < firstOrdinal(set) + (set.spec?.replicas ?? 1);
}

/** What a pod is known by; others look for it under these labels. */
export function identityLabels(pod: string, ordinal: number) {
  return { 'statefulset.kubernetes.io/pod-name': pod, 'apps.kubernetes.io/pod-index': String(ordinal) };
}

/** The pod of this ordinal: its name, its host name under the set's service, and its own claims in place of the templates'. */
export function podOf(set: StatefulSet, template: PodTemplateSpec, ordinal: number, revision: string): Pod {
  const name = `${set.metadata.name}-${ordinal}`;
  const pod = podFromTemplate(set, template, name);
  const templates = set.spec?.volumeClaimTemplates ?? [];
  const own = templates.flatMap(({ metadata }) =>
    metadata?.name
      ? [{ name: metadata.name, persistentVolumeClaim: { claimName: claimName(metadata.name, name) } }]
      : [],
  );
  const others = (template.spec?.volumes ?? []).filter((volume) => !own.some((each) => each.name === volume.name));
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        ...identityLabels(name, ordinal),
        [podRevisionLabel]: revision,
      },
    },
    spec: {
      containers: [],
      ...pod.spec,
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(own.length + others.length > 0 ? { volumes: [...others, ...own] } : {}),
    },
  };
}

export function claimName(template: string, pod: string): string {
  return `${template}-${pod}`;
}
