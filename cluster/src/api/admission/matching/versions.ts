import type { KubeObject } from '@berth/kube/objects';
import { toStorage } from '../../conversion/conversion.ts';
import type { ServedKind } from '../../kinds.ts';
import type { AdmissionRequest } from '../admission.ts';

/** An object in another version of its kind. Rejects with what the conversion says. */
export async function inVersion(object: KubeObject, from: ServedKind, to: ServedKind): Promise<KubeObject> {
  if (from === to) return object;
  const kept = await toStorage(from, object);
  if (!to.conversion) return kept;
  const [shown] = await to.conversion.fromStorage([kept]);
  return shown as KubeObject;
}

export interface Versioned {
  /** Undefined for a delete. */
  object: KubeObject | undefined;
  old: KubeObject | undefined;
}

/** What a request is about in the versions in which it is asked about, each converted once. */
export class VersionedRequest {
  readonly request: AdmissionRequest;
  readonly #known = new Map<ServedKind, Promise<Versioned>>();

  constructor(request: AdmissionRequest) {
    this.request = request;
  }

  in(version: ServedKind): Promise<Versioned> {
    const known = this.#known.get(version) ?? this.#convert(version);
    this.#known.set(version, known);
    return known;
  }

  /** Puts `object`, which is in `version`, in the place of what the request was about. */
  async replace(version: ServedKind, object: KubeObject): Promise<void> {
    const { request } = this;
    request.object = request.shape ? object : await inVersion(object, version, request.call.kind);
    request.isChanged = true;
    this.#known.clear();
  }

  async #convert(version: ServedKind): Promise<Versioned> {
    const { call, operation, object, old, shape } = this.request;
    const shown = async (one: KubeObject | undefined) =>
      one === undefined || shape ? one : await inVersion(one, call.kind, version);
    return { object: await shown(operation === 'DELETE' ? undefined : object), old: await shown(old) };
  }
}

/** An object as `version` has it, from what somebody made of one: known fields only, defaults filled in. */
export function decodeIn(request: AdmissionRequest, version: ServedKind, value: unknown): KubeObject {
  if (request.shape) return request.shape.decode(value);
  const { schema } = version;
  return schema.applyDefaults(schema.decode(value, { mode: 'Ignore' }).object);
}

/** `metav1.GroupVersionKind` of what a request is about, as `served` shows it. */
export function kindOf({ shape }: AdmissionRequest, served: ServedKind) {
  const { group, version, kind } = shape ?? served.description;
  return { group, version, kind };
}

/** `metav1.GroupVersionResource`. */
export function resourceOf({ description: { group, version, resource } }: ServedKind) {
  return { group, version, resource };
}
