import { CelBudget, matchConditionsBudget } from '@berth/kube/cel';
import type { Logger } from 'pino';
import type { Authorizer } from '../../authorization/authorizer.ts';
import { forbidden } from '../../faults.ts';
import type { KindRegistry, ServedKind } from '../../kinds.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { WebhookCaller } from '../../webhook/index.ts';
import { activationOf } from '../expressions/activation.ts';
import { conditionsHold } from '../expressions/conditions.ts';
import { type Matcher, shownName } from '../matching/matcher.ts';
import type { VersionedRequest } from '../matching/versions.ts';
import type { Hook } from './hooks.ts';

/** What webhooks and policies work with. */
export interface WebhookParts {
  storage: ObjectStorage;
  kinds: KindRegistry;
  matcher: Matcher;
  caller: WebhookCaller;
  authorizer: Authorizer;
  logger: Logger;
}

/** The version in which a webhook is to be asked, or undefined when it need not be. Throws when that cannot be known. */
export async function concerned(
  parts: WebhookParts,
  hook: Hook,
  versioned: VersionedRequest,
): Promise<ServedKind | undefined> {
  const { request } = versioned;
  const matched = parts.matcher.match(request, hook.criteria);
  if (!matched || hook.conditions.length === 0) return matched;
  const shown = await versioned.in(matched);
  const activation = activationOf({ request, matched, shown, authorizer: parts.authorizer });
  const { ignoresFailure } = hook;
  try {
    const budget = new CelBudget(matchConditionsBudget);
    return conditionsHold(hook.conditions, activation, { budget, ignoresFailure }) ? matched : undefined;
  } catch (error) {
    throw forbidden(request.call.kind.description, shownName(request), (error as Error).message);
  }
}
