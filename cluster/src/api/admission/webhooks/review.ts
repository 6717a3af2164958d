import type { ServedKind } from '../../kinds.ts';
import type { AdmissionRequest } from '../admission.ts';
import { shownName, shownNamespace } from '../matching/matcher.ts';
import { kindOf, resourceOf, type Versioned } from '../matching/versions.ts';
import { operationOptions } from '../options.ts';
import { userInfoOf } from '../user-info.ts';
import type { ReviewVersion } from './hooks.ts';

/** `admission.k8s.io` AdmissionReview: what a webhook is asked. `matched` is the version in which it is asked. */
export function reviewOf(
  request: AdmissionRequest,
  matched: ServedKind,
  shown: Versioned,
  { uid, version }: { uid: string; version: ReviewVersion },
): Record<string, unknown> {
  const { call, subresource } = request;
  const part = subresource === '' ? undefined : subresource;
  const name = shownName(request);
  const namespace = shownNamespace(request);
  return {
    kind: 'AdmissionReview',
    apiVersion: `admission.k8s.io/${version}`,
    request: {
      uid,
      kind: kindOf(request, matched),
      resource: resourceOf(matched),
      subResource: part,
      requestKind: kindOf(request, call.kind),
      requestResource: resourceOf(call.kind),
      requestSubResource: part,
      name: name === '' ? undefined : name,
      namespace: namespace === '' ? undefined : namespace,
      operation: request.operation,
      userInfo: userInfoOf(call.user),
      object: shown.object ?? null,
      oldObject: shown.old ?? null,
      dryRun: request.dryRun,
      options: operationOptions(request) ?? null,
    },
  };
}

export interface Verdict {
  allowed: boolean;
  /** A `metav1.Status`, not checked. */
  result: Record<string, unknown> | undefined;
  /** A patch in base64, in the form that `patchType` names. */
  patch: string | undefined;
  patchType: unknown;
  /** For the audit log; not checked. */
  auditAnnotations: Record<string, unknown>;
  warnings: readonly string[];
}

/** What a webhook answered. Throws an `Error` that says what is wrong with it, in Kubernetes' words. */
export function verdictOf(
  answer: unknown,
  { uid, version, isMutating }: { uid: string; version: ReviewVersion; isMutating: boolean },
): Verdict {
  if (!isRecord(answer)) throw new Error(`couldn't get version/kind; json parse error: ${goMismatch(answer)}`);
  const { response } = answer;
  if (!isRecord(response)) throw new Error('webhook response was absent');
  const { patch, patchType } = response;
  if (version === 'v1') {
    if (response.uid !== uid) throw new Error(`expected response.uid=${quoted(uid)}, got ${quoted(response.uid)}`);
    checkKind(answer);
    checkPatch(patch, patchType, isMutating);
  }
  return {
    allowed: response.allowed === true,
    result: isRecord(response.status) ? response.status : undefined,
    patch: isMutating && typeof patch === 'string' && patch !== '' ? patch : undefined,
    // The older version has one type only, which need not be said.
    patchType: version === 'v1' ? patchType : 'JSONPatch',
    auditAnnotations: isRecord(response.auditAnnotations) ? response.auditAnnotations : {},
    warnings: Array.isArray(response.warnings) ? response.warnings.filter((one) => typeof one === 'string') : [],
  };
}

function checkKind({ apiVersion, kind }: Record<string, unknown>): void {
  if (apiVersion === 'admission.k8s.io/v1' && kind === 'AdmissionReview') return;
  const got = `${String(apiVersion ?? '/')}, Kind=${String(kind ?? '')}`;
  throw new Error(`expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${got}`);
}

function checkPatch(patch: unknown, patchType: unknown, isMutating: boolean): void {
  const hasPatch = patch !== undefined && patch !== null && patch !== '';
  const hasType = patchType !== undefined && patchType !== null;
  if (!isMutating) {
    if (hasPatch) throw new Error('validating webhook may not return response.patch');
    if (hasType) throw new Error('validating webhook may not return response.patchType');
    return;
  }
  if (hasPatch && !hasType) throw new Error('webhook returned response.patch but not response.patchType');
  if (!hasPatch && hasType) throw new Error('webhook returned response.patchType but not response.patch');
  if (hasPatch && typeof patch !== 'string')
    throw new Error(`json: cannot unmarshal ${goMismatch(patch)} of type []uint8`);
  if (typeof patch === 'string' && !/^[A-Za-z0-9+/\r\n]*={0,2}[\r\n]*$/.test(patch)) {
    throw new Error(`illegal base64 data at input byte ${patch.search(/[^A-Za-z0-9+/\r\n]/)}`);
  }
  if (patchType === '') throw new Error('webhook returned invalid response.patchType of ""');
}

function goMismatch(value: unknown): string {
  const type = Array.isArray(value)
    ? 'array'
    : typeof value === 'boolean'
      ? 'bool'
      : value === null
        ? 'null'
        : typeof value;
  return `${type} into Go value`;
}

function quoted(value: unknown): string {
  return JSON.stringify(typeof value === 'string' ? value : '');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
