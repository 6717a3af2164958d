import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { KindRegistry } from '../kinds.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { type ApiService, apiServices, apiServicesPrefix, asApiService, withAvailable } from './api-service.ts';

/** Says that the server keeps it: made at its start, or as long as a custom resource is served. */
const managedLabel = 'kube-aggregator.kubernetes.io/automanaged';

interface Priority {
  group: number;
  version: number;
}

/** Of the built-in group versions, as kube-apiserver registers them: groups and versions of higher numbers come first. */
const priorities: Readonly<Record<string, Priority>> = {
  '/v1': { group: 18_000, version: 1 },
  'apps/v1': { group: 17_800, version: 15 },
  'events.k8s.io/v1': { group: 17_750, version: 15 },
  'authentication.k8s.io/v1': { group: 17_700, version: 15 },
  'authorization.k8s.io/v1': { group: 17_600, version: 15 },
  'autoscaling/v1': { group: 17_500, version: 15 },
  'autoscaling/v2': { group: 17_500, version: 30 },
  'batch/v1': { group: 17_400, version: 15 },
  'certificates.k8s.io/v1': { group: 17_300, version: 15 },
  'networking.k8s.io/v1': { group: 17_200, version: 15 },
  'policy/v1': { group: 17_100, version: 15 },
  'rbac.authorization.k8s.io/v1': { group: 17_000, version: 15 },
  'storage.k8s.io/v1': { group: 16_800, version: 15 },
  'apiextensions.k8s.io/v1': { group: 16_700, version: 15 },
  'admissionregistration.k8s.io/v1': { group: 16_700, version: 15 },
  'admissionregistration.k8s.io/v1beta1': { group: 16_700, version: 12 },
  'scheduling.k8s.io/v1': { group: 16_600, version: 15 },
  'coordination.k8s.io/v1': { group: 16_500, version: 15 },
  'node.k8s.io/v1': { group: 16_300, version: 15 },
  'discovery.k8s.io/v1': { group: 16_200, version: 15 },
  'flowcontrol.apiserver.k8s.io/v1': { group: 16_100, version: 21 },
  // Of metrics-server, by its own manifest.
  'metrics.k8s.io/v1beta1': { group: 100, version: 100 },
  'resource.k8s.io/v1': { group: 15_900, version: 20 },
};
export const customGroupPriority = 1000;
const customPriority: Priority = { group: customGroupPriority, version: 100 };
const builtInPriority: Priority = { group: 15_000, version: 15 };

export interface LocalOptions {
  storage: ObjectStorage;
  kinds: KindRegistry;
  client: KubeClient;
  now(): string;
}

/** The APIServices that are to be there for what this server serves, by name. */
export function localApiServices(kinds: KindRegistry): Map<string, { managed: string; spec: ApiService['spec'] }> {
  const wanted = new Map<string, { managed: string; spec: ApiService['spec'] }>();
  for (const { description, isCustom } of kinds.all()) {
    const { group, version } = description;
    // As in Kubernetes, the registry does not name itself.
    if (group === apiServices.group) continue;
    const known = priorities[`${group}/${version}`] ?? builtInPriority;
    const priority = isCustom ? customPriority : known;
    const spec = {
      ...(group === '' ? {} : { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    };
    const name = `${version}.${group}`;
    if (!isCustom || !wanted.has(name)) wanted.set(name, { managed: isCustom ? 'true' : 'onstart', spec });
  }
  return wanted;
}

/** Makes, changes and removes APIServices until those of this server are as they should be. Others are left alone. */
export async function syncLocalApiServices({ storage, kinds, client, now }: LocalOptions): Promise<void> {
  await storage.caughtUp();
  const wanted = localApiServices(kinds);
  const present = new Map(
    storage.list(apiServicesPrefix).map(({ object }) => [object.metadata.name, asApiService(object)]),
  );
  const work: Promise<void>[] = [];
  for (const [name, { managed, spec }] of wanted) {
    const found = present.get(name);
    const isOurs = found?.metadata.labels?.[managedLabel] !== undefined && found.spec.service === undefined;
    if (!found) {
      const metadata = { name, labels: { [managedLabel]: managed } };
      work.push(
        client
          .create(apiServices, { apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata, spec })
          .then((made) => markLocal(client, made, now())),
      );
    } else if (isOurs && !isDeepStrictEqual({ ...found.spec }, spec)) {
      work.push(client.patch(apiServices, { name }, { type: 'merge', body: { spec } }).then(() => {}));
    } else if (isOurs) work.push(markLocal(client, found, now()));
  }
  for (const [name, { metadata, spec }] of present) {
    const { service } = spec;
    const managed = metadata.labels?.[managedLabel];
    if (managed === undefined || service || wanted.has(name)) continue;
    work.push(client.delete(apiServices, { name }, { preconditions: { uid: metadata.uid ?? '' } }).then(() => {}));
  }
  const results = await Promise.allSettled(work);
  for (const result of results) {
    if (result.status === 'rejected' && !isOvertaken(result.reason)) throw result.reason;
  }
}

/** What this server serves is always available. */
export async function markLocal(client: KubeClient, apiService: ApiService, now: string): Promise<void> {
  const message = 'Local APIServices are always available';
  const conditions = withAvailable(apiService, { status: 'True', reason: 'Local', message }, now);
  if (!conditions) return;
  const { name } = apiService.metadata;
  const body = { status: { conditions } };
  await client.patch(apiServices, { name }, { type: 'merge', body }, { subresource: 'status' });
}

/** Somebody else did it, or undid it; the event of that leads here again. */
function isOvertaken(error: unknown): boolean {
  return isBerthError(error, 'AlreadyExists') || isBerthError(error, 'NotFound') || isBerthError(error, 'Conflict');
}
