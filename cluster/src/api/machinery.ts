import type { Logger } from 'pino';
import type { Admission } from './admission/admission.ts';
import type { Audit } from './audit/index.ts';
import type { Authorizer } from './authorization/authorizer.ts';
import type { KindRegistry } from './kinds.ts';
import type { ObjectStorage } from './storage/object-storage.ts';
import type { Turns } from './verbs/turns.ts';
import type { WebhookCaller } from './webhook/index.ts';

/** What every verb works with. */
export interface Machinery {
  storage: ObjectStorage;
  kinds: KindRegistry;
  admission: Admission;
  authorizer: Authorizer;
  webhooks: WebhookCaller;
  turns: Turns;
  /** Absent where nothing is recorded. */
  audit?: Audit;
  now(): Date;
  logger: Logger;
}
