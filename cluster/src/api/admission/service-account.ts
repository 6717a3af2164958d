import type { Pod, PodSpec, ServiceAccount } from '@berth/kube/objects';
import { secretsOf } from '../authorization/node/index.ts';
import { forbidden } from '../faults.ts';
import { objectKey, resourcePrefix } from '../storage/keys.ts';
import type { ObjectStorage } from '../storage/object-storage.ts';
import { randomSuffix } from '../verbs/names.ts';
import type { AdmissionPlugin } from './admission.ts';

const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const volumePrefix = 'kube-api-access-';
const prefix = resourcePrefix('', 'serviceaccounts');
/** A namespace's `default` account is made a moment after the namespace. */
const waitMs = 1000;

/** Every pod runs as a service account of its namespace and finds the account's token, the authority and the namespace. */
export function serviceAccounts(storage: ObjectStorage): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    resources: ['/pods'],
    async admit(request) {
      if (request.operation !== 'CREATE' || request.subresource !== '') return;
      const pod = request.object as Pod;
      const { spec } = pod;
      if (!spec) return;
      // A mirror pod stands for a file on a node, which knows no accounts.
      if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
        const why = reachesTooFar(pod);
        if (why) throw forbidden({ group: '', resource: 'pods' }, request.name, `a mirror pod may not ${why}`);
        return;
      }
      spec.serviceAccountName ||= spec.serviceAccount || 'default';
      spec.serviceAccount = spec.serviceAccountName;
      const key = objectKey(prefix, request.namespace, spec.serviceAccountName);
      const account = await appearing(storage, key);
      if (!account) {
        const why = `error looking up service account ${request.namespace}/${spec.serviceAccountName}: serviceaccount "${spec.serviceAccountName}" not found`;
        throw forbidden({ group: '', resource: 'pods' }, request.name, why);
      }
      if ((spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets?.length) {
        spec.imagePullSecrets = structuredClone(account.imagePullSecrets) as NonNullable<PodSpec['imagePullSecrets']>;
      }
      if (spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(spec);
    },
  };
}

/** What a mirror pod names by which its node would come to something. */
function reachesTooFar(pod: Pod): string | undefined {
  if (pod.spec?.serviceAccountName) return 'reference service accounts';
  if (secretsOf(pod).length > 0) return 'reference secrets';
  const projected = (pod.spec?.volumes ?? []).flatMap((volume) => volume.projected?.sources ?? []);
  return projected.some((source) => source.serviceAccountToken)
    ? 'use ServiceAccountToken volume projections'
    : undefined;
}

function mountToken(spec: PodSpec): void {
  // Validation, which says what is missing, comes later.
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  const without = containers.filter(
    (container) => !container.volumeMounts?.some((mount) => mount.mountPath === mountPath),
  );
  if (without.length === 0) return;
  // The second time, for a container that a webhook has added, the volume is there.
  const present = spec.volumes?.find((volume) => volume.name.startsWith(volumePrefix))?.name;
  const name = present ?? volumePrefix + randomSuffix(5);
  if (present === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
  for (const container of without) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, mountPath, readOnly: true }];
  }
}

function tokenVolume(name: string): NonNullable<PodSpec['volumes']>[number] {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        // Seven seconds more than an hour tells an injected token from one that somebody asked for.
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}

/** The account, waited for a moment when it is not there yet. */
function appearing(
  storage: ObjectStorage,
  key: string,
): Promise<ServiceAccount | undefined> | ServiceAccount | undefined {
  const found = storage.get(key);
  if (found) return found.object as unknown as ServiceAccount;
  return new Promise((resolve) => {
    const done = (account: ServiceAccount | undefined) => {
      clearTimeout(timer);
      stop();
      resolve(account);
    };
    const timer = setTimeout(() => done(undefined), waitMs);
    const stop = storage.listen(prefix, (event) => {
      if (event.type === 'put' && event.object.key === key) done(event.object.object as unknown as ServiceAccount);
    });
  });
}
