import type { KubeObject, PodTemplateSpec, Resource } from '@berth/kube/objects';
import type { Action, View } from '@berth/kube/reconcile';
import type { LabelSelector } from '@berth/kube/selectors';
import { canonicalJson, hashOf } from './hashing.ts';
import { claim, controllerReference } from './pods/index.ts';
import { keyOf } from './status.ts';

/** A template as it was at one time: what `kubectl rollout history | undo` of StatefulSets and DaemonSets reads. */
export type ControllerRevision = KubeObject & {
  revision: number;
  data?: { spec?: { template?: PodTemplateSpec & { $patch?: string } } };
};

export const controllerRevisions: Resource<ControllerRevision> = {
  group: 'apps',
  version: 'v1',
  resource: 'controllerrevisions',
  kind: 'ControllerRevision',
  namespaced: true,
};

/** What tells pods apart by the template that they come from; of a DaemonSet, its revisions as well. */
export const podRevisionLabel = 'controller-revision-hash';
const hashLabel = 'controller.kubernetes.io/hash';

export interface Revisions {
  /** Of the present template; when it is only being made, as it will be. */
  update: ControllerRevision;
  /** All that are there, oldest first. */
  known: readonly ControllerRevision[];
  /** Others that hold the present template too. */
  duplicates: readonly ControllerRevision[];
  actions: Action[];
}

/**
 * Finds the revision of the owner's template, or makes it; one that is taken up again becomes the newest. Orphans that the selector matches
 * are adopted: they are what a former owner of this name left.
 */
export function syncRevisions(
  owner: KubeObject,
  { selector, template }: { selector: LabelSelector | undefined; template: PodTemplateSpec },
  view: View,
): Revisions {
  const { uid = '', namespace } = owner.metadata;
  const orphans = view.orphans(controllerRevisions, { namespace, selector });
  const candidates = [...view.controlledBy(controllerRevisions, uid), ...orphans];
  const { owned, actions } = claim(controllerRevisions, owner, selector, candidates);
  const known = owned.sort((a, b) => a.revision - b.revision);
  const wanted = canonicalJson({ spec: { template: { ...template, $patch: 'replace' } } });
  // Its fields in the order in which Go writes them: clients compare the bytes to find the revision that is current.
  const data = JSON.parse(wanted) as object;
  const equal = known.filter((each) => canonicalJson(each.data) === wanted);
  const next = Math.max(0, ...known.filter((each) => !equal.includes(each)).map(({ revision }) => revision)) + 1;
  const present = equal.pop();
  if (present) {
    if (present.revision < next) {
      const patch = { type: 'merge' as const, body: { metadata: { uid: present.metadata.uid }, revision: next } };
      actions.push({ type: 'patch', resource: controllerRevisions, key: keyOf(present), patch });
    }
    const update = { ...present, revision: Math.max(present.revision, next) };
    return { update, known, duplicates: equal, actions };
  }
  const labels = template.metadata?.labels;
  const revision = newRevision(owner, { labels, data, number: next }, view);
  actions.push({ type: 'create', resource: controllerRevisions, object: revision });
  return { update: revision, known, duplicates: [], actions };
}

interface Content {
  /** Of the template, by which kubectl looks for the revisions of an owner. */
  labels: Readonly<Record<string, string>> | undefined;
  data: object;
  number: number;
}

function newRevision(owner: KubeObject, { labels, data, number }: Content, view: View): ControllerRevision {
  // The cause of the change is among them, which the history shows.
  const { annotations } = owner.metadata;
  for (let salt = 0; ; salt++) {
    const hash = hashOf(data, salt === 0 ? undefined : salt);
    const key = { ...keyOf(owner), name: `${owner.metadata.name}-${hash}` };
    if (view.get(controllerRevisions, key)) continue;
    return {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        ...key,
        labels: { ...labels, [owner.kind === 'DaemonSet' ? podRevisionLabel : hashLabel]: hash },
        ...(annotations ? { annotations } : {}),
        ownerReferences: [controllerReference(owner)],
      },
      data,
      revision: number,
    };
  }
}

export function hashOfRevision({ metadata }: ControllerRevision): string {
  return metadata.labels?.[podRevisionLabel] ?? metadata.labels?.[hashLabel] ?? metadata.name;
}

/** The template that a revision holds. */
export function templateOf(revision: ControllerRevision | undefined): PodTemplateSpec | undefined {
  const template = revision?.data?.spec?.template;
  if (!template) return undefined;
  const { $patch: _, ...rest } = template;
  return rest;
}

/** Deletes the oldest revisions that nothing uses, beyond the limit. */
export function trimRevisions(
  known: readonly ControllerRevision[],
  used: ReadonlySet<string>,
  limit: number,
): Action[] {
  const unused = known.filter(({ metadata }) => !used.has(metadata.name));
  return unused
    .slice(0, Math.max(0, unused.length - limit))
    .map((revision): Action => ({ type: 'delete', resource: controllerRevisions, key: keyOf(revision) }));
}
