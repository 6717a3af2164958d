import { isDeepStrictEqual } from 'node:util';
import { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import { applyJsonPatch } from '@berth/kube/patch';
import type { ServedKind } from '../../kinds.ts';
import { unknownConversion } from '../../verbs/body-kind.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { isConfiguration } from '../matching/matcher.ts';
import { decodeIn, VersionedRequest } from '../matching/versions.ts';
import { Reinvocation } from '../reinvocation.ts';
import { ask, unforgiven } from './call.ts';
import { concerned, type WebhookParts } from './concerned.ts';
import { CallFailure, internalError } from './failure.ts';
import { Hooks } from './hooks.ts';
import { MutationNotes } from './mutation-notes.ts';

const name = 'MutatingAdmissionWebhook';

/** Asks the webhooks of MutatingWebhookConfigurations one after the other and applies their patches. */
export function mutatingWebhooks(parts: WebhookParts): AdmissionPlugin {
  const hooks = new Hooks(parts.storage, 'mutatingwebhookconfigurations');
  return {
    name,
    admit(request) {
      if (hooks.all.length === 0 || isConfiguration(request)) return;
      return admit(parts, hooks, request);
    },
  };
}

async function admit(parts: WebhookParts, hooks: Hooks, request: AdmissionRequest): Promise<void> {
  request.reinvocation ??= new Reinvocation();
  const { reinvocation } = request;
  const rounds = reinvocation.of(name);
  if (reinvocation.isSecond) rounds.returnTo(request.object);
  const versioned = new VersionedRequest(request);
  for (const [index, hook] of hooks.all.entries()) {
    const matched = await concerned(parts, hook, versioned);
    if (!matched) continue;
    if (reinvocation.isSecond && !rounds.isWanted(hook.id)) continue;
    const notes = new MutationNotes(request, hook, `round_${reinvocation.isSecond ? 1 : 0}_index_${index}`);
    try {
      const { patch, patchType } = await ask(parts.caller, hook, versioned, matched, { isMutating: true });
      if (patch !== undefined && patchType !== 'JSONPatch') {
        throw new CallFailure(hook.name, `unsupported patch type ${JSON.stringify(patchType)}`);
      }
      if (patch !== undefined && (await changed(versioned, matched, hook.name, patch))) {
        notes.mutated(operationsOf(patch));
        rounds.objectChanged();
        reinvocation.isNeeded = true;
      }
    } catch (error) {
      const refusal = unforgiven(hook, error);
      if (refusal !== undefined) throw refusal;
      notes.failedOpen();
      parts.logger.warn({ err: error, webhook: hook.name }, 'a webhook failed and is ignored');
    } finally {
      notes.tell();
    }
    if (hook.isCalledAgain) rounds.mayBeCalledAgain(hook.id);
  }
  rounds.leave(request.object);
}

/** Applies a webhook's patch; whether the object is another one by it. */
async function changed(
  versioned: VersionedRequest,
  matched: ServedKind,
  webhook: string,
  encoded: string,
): Promise<boolean> {
  const patch = operationsOf(encoded);
  if (patch.length === 0) return false;
  const { object } = await versioned.in(matched);
  if (object === undefined) {
    const what = `admission webhook ${JSON.stringify(webhook)} attempted to modify the object`;
    throw internalError(`${what}, which is not supported for this operation`);
  }
  let next: KubeObject;
  let other: BerthError | undefined;
  try {
    const patched: unknown = applyJsonPatch(object, patch);
    other = otherKind(patched, object, matched);
    next = decodeIn(versioned.request, matched, patched);
  } catch (error) {
    throw internalError((error as Error).message, error);
  }
  if (other !== undefined) throw other;
  if (isDeepStrictEqual(next, object)) return false;
  try {
    await versioned.replace(matched, next);
  } catch (error) {
    throw internalError((error as Error).message, error);
  }
  return true;
}

/** A webhook may not make something else of an object. As in Kubernetes, nobody says that it was one. */
function otherKind(patched: unknown, { apiVersion, kind }: KubeObject, matched: ServedKind): BerthError | undefined {
  if (typeof patched !== 'object' || patched === null || Array.isArray(patched)) return undefined;
  const made = patched as Partial<KubeObject>;
  if (made.kind === kind && made.apiVersion === apiVersion) return undefined;
  const why = unknownConversion(matched.description, { apiVersion: made.apiVersion ?? '', kind: made.kind ?? '' });
  return new BerthError('InternalError', why, { retryable: false, status: { code: 500, reason: '' } });
}

function operationsOf(encoded: string): unknown[] {
  try {
    const patch: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString());
    if (Array.isArray(patch)) return patch;
    throw new Error('json: cannot unmarshal into Go value of type jsonpatch.Patch');
  } catch (error) {
    throw internalError((error as Error).message, error);
  }
}
