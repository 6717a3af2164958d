import { randomUUID } from 'node:crypto';
import { BerthError, isBerthError } from '@berth/kube/errors';
import { badRequest } from '../../faults.ts';
import type { ServedKind } from '../../kinds.ts';
import type { WebhookCaller } from '../../webhook/index.ts';
import type { AdmissionRequest } from '../admission.ts';
import type { VersionedRequest } from '../matching/versions.ts';
import { CallFailure, internalError, rejection } from './failure.ts';
import type { Hook } from './hooks.ts';
import { reviewOf, type Verdict, verdictOf } from './review.ts';

/** More than the patch of the largest object that the API takes. */
const answerLimitBytes = 8 * 1024 * 1024;

/**
 * Asks one webhook; answers what it allowed. Throws `CallFailure` when it could not be asked, and the `BerthError` that
 * it wants the client to get when it refuses.
 */
export async function ask(
  caller: WebhookCaller,
  hook: Hook,
  versioned: VersionedRequest,
  matched: ServedKind,
  { isMutating }: { isMutating: boolean },
): Promise<Verdict> {
  const { request } = versioned;
  if (request.dryRun && !hook.toleratesDryRun) {
    throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
  }
  const uid = randomUUID();
  const version = hook.reviewVersion;
  const body = reviewOf(request, matched, await shownIn(versioned, matched), { uid, version });
  const verdict = verdictIn(hook, await posted(caller, hook, body, request), { uid, version, isMutating });
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) {
    if (typeof value === 'string') request.call.record?.annotate(`${hook.name}/${key}`, value);
  }
  request.call.warnings.push(...verdict.warnings);
  if (!verdict.allowed) throw rejection(hook.name, verdict.result);
  return verdict;
}

/** A webhook whose failure is forgiven is as if it had not been there; answers the error of one whose is not. */
export function unforgiven(hook: Hook, error: unknown): unknown {
  if (!(error instanceof CallFailure)) return error;
  return hook.ignoresFailure ? undefined : internalError(error.message, error);
}

async function shownIn(versioned: VersionedRequest, matched: ServedKind) {
  try {
    return await versioned.in(matched);
  } catch (error) {
    throw internalError((error as Error).message, error);
  }
}

async function posted(caller: WebhookCaller, hook: Hook, body: unknown, { call }: AdmissionRequest): Promise<unknown> {
  try {
    return await caller.call(hook.clientConfig, {
      body,
      timeoutMs: hook.timeoutSeconds * 1000,
      query: `timeout=${hook.timeoutSeconds}s`,
      limitBytes: answerLimitBytes,
      signal: call.signal,
    });
  } catch (error) {
    if (call.signal?.aborted) throw new BerthError('Timeout', 'request did not complete within requested timeout');
    if (!isBerthError(error)) throw error;
    throw new CallFailure(hook.name, `failed to call webhook: ${error.message}`, error);
  }
}

function verdictIn(hook: Hook, answer: unknown, expected: Parameters<typeof verdictOf>[1]): Verdict {
  try {
    return verdictOf(answer, expected);
  } catch (error) {
    throw new CallFailure(hook.name, `received invalid webhook response: ${(error as Error).message}`, error);
  }
}
