import type { Logger } from 'pino';
import type { Authorizer } from '../../authorization/authorizer.ts';
import type { KindRegistry, ServedKind } from '../../kinds.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { WebhookCaller } from '../../webhook/index.ts';
import type { Matcher } from '../matching/matcher.ts';
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
  const matched = parts.matcher.match(versioned.request, hook.criteria);
  return matched;
}
