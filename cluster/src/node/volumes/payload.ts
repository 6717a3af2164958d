import { BerthError } from '@berth/kube/errors';
import type { ConfigMap, Pod, Secret, Volume } from '@berth/kube/objects';
import { type EnvironmentSources, fieldOf, resourceFieldOf } from '../pods/environment.ts';
import type { Payload, PayloadFile } from './atomic.ts';
import { onlyUserOf } from './ownership.ts';

export interface PayloadSources extends Omit<EnvironmentSources, 'file'> {
  token(request: { audience?: string; expirationSeconds: number }): Promise<string>;
}

type Items = { key: string; path: string; mode?: number | undefined }[] | undefined;
type DownwardItems = NonNullable<NonNullable<Volume['downwardAPI']>['items']>;
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

/** Whether the volume's content is made of objects, and so is written by `writeAtomically`. */
export const hasPayload = (volume: Volume): boolean =>
  Boolean(volume.configMap ?? volume.secret ?? volume.downwardAPI ?? volume.projected);

/** The files of a configMap, secret, downwardAPI or projected volume. Throws `NotFound` in kubelet's words. */
export async function payloadOf(volume: Volume, pod: Pod, sources: PayloadSources): Promise<Payload> {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return configMapFiles(configMap, configMap.defaultMode, pod, sources);
  if (secret) {
    return secretFiles({ ...secret, name: secret.secretName }, secret.defaultMode, pod, sources);
  }
  if (downwardAPI) return downwardFiles(downwardAPI.items, downwardAPI.defaultMode, pod, sources);
  const payload: Payload = new Map();
  for (const source of projected?.sources ?? []) {
    for (const [path, file] of await projectedFiles(source, projected?.defaultMode, pod, sources)) {
      payload.set(path, file);
    }
  }
  return payload;
}

async function projectedFiles(
  source: Projection,
  mode: number | undefined,
  pod: Pod,
  sources: PayloadSources,
): Promise<Payload> {
  if (source.configMap) return configMapFiles(source.configMap, mode, pod, sources);
  if (source.secret) return secretFiles(source.secret, mode, pod, sources);
  if (source.downwardAPI) return downwardFiles(source.downwardAPI.items, mode, pod, sources);
  const wanted = source.serviceAccountToken;
  if (!wanted) return new Map();
  const token = await sources.token({
    expirationSeconds: Number(wanted.expirationSeconds ?? 3600),
    ...(wanted.audience ? { audience: wanted.audience } : {}),
  });
  return new Map([[wanted.path, { data: Buffer.from(token), ...tokenAccess(pod, mode) }]]);
}

/** A token is for nobody but the pod's user or group, where there is one. */
function tokenAccess(pod: Pod, mode: number | undefined): Omit<PayloadFile, 'data'> {
  const owner = onlyUserOf(pod);
  const isOwned = owner !== undefined || pod.spec?.securityContext?.fsGroup !== undefined;
  return { mode: isOwned ? 0o600 : (mode ?? 0o644), ...(owner === undefined ? {} : { owner }) };
}

interface Reference {
  name?: string | undefined;
  items?: Items;
  optional?: boolean | undefined;
}

async function configMapFiles(ref: Reference, mode: number | undefined, pod: Pod, sources: PayloadSources) {
  const found: ConfigMap | undefined = await sources.configMap(ref.name ?? '');
  if (!found && !ref.optional) throw new BerthError('NotFound', `configmap "${ref.name}" not found`);
  const files = new Map<string, Buffer>();
  for (const [key, text] of Object.entries((found?.data ?? {}) as Record<string, string>)) {
    files.set(key, Buffer.from(text));
  }
  for (const [key, text] of Object.entries((found?.binaryData ?? {}) as Record<string, string>)) {
    files.set(key, Buffer.from(text, 'base64'));
  }
  return chosen(files, ref, mode, pod);
}

async function secretFiles(ref: Reference, mode: number | undefined, pod: Pod, sources: PayloadSources) {
  const found: Secret | undefined = await sources.secret(ref.name ?? '');
  if (!found && !ref.optional) throw new BerthError('NotFound', `secret "${ref.name}" not found`);
  const data = Object.entries((found?.data ?? {}) as Record<string, string>);
  return chosen(new Map(data.map(([key, text]) => [key, Buffer.from(text, 'base64')])), ref, mode, pod);
}

function chosen(files: Map<string, Buffer>, ref: Reference, mode: number | undefined, pod: Pod): Payload {
  const items = ref.items?.length ? ref.items : [...files.keys()].map((key) => ({ key, path: key, mode: undefined }));
  const payload: Payload = new Map();
  for (const item of items) {
    const data = files.get(item.key);
    if (data) payload.set(item.path, { data, mode: item.mode ?? mode ?? 0o644 });
    else if (!ref.optional) {
      const about = `${pod.metadata.namespace}/${ref.name}`;
      throw new BerthError('NotFound', `references non-existent key in ${about}: ${item.key}`);
    }
  }
  return payload;
}

function downwardFiles(items: DownwardItems | undefined, mode: number | undefined, pod: Pod, sources: PayloadSources) {
  const payload: Payload = new Map();
  const [first] = pod.spec?.containers ?? [];
  for (const item of items ?? []) {
    const text = item.fieldRef
      ? fieldOf(item.fieldRef.fieldPath, pod, sources)
      : item.resourceFieldRef && first
        ? resourceFieldOf(item.resourceFieldRef, pod, first, sources.allocatable)
        : '';
    payload.set(item.path, { data: Buffer.from(text ?? ''), mode: item.mode ?? mode ?? 0o644 });
  }
  return payload;
}
