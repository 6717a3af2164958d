import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { BerthError } from '@berth/kube/errors';
import { Changes, type FieldChange } from './changes.ts';
import type { AuditEvent } from './event.ts';
import { backupsOf, finishedAt } from './files.ts';
import { linesOf } from './lines.ts';

/** What is asked for; what is left out may be anything. */
export interface AuditFilter {
  /** Whoever sent the request, or was impersonated by it. */
  user?: string;
  verbs?: readonly string[];
  /** `deployments`, `deployments.apps`, `pods/exec`. */
  resource?: string;
  namespace?: string;
  name?: string;
  /** Milliseconds since 1970. */
  since?: number;
  /** Only so many, the latest. */
  limit?: number;
}

export interface Found {
  event: AuditEvent;
  /** From what to what, as far as the log holds bodies. */
  changes: FieldChange[];
}

/** The requests in a log that fit, oldest first: of each its last event. Throws `NotFound` when there is no log. */
export async function queryAuditLog(path: string, filter: AuditFilter): Promise<Found[]> {
  const files = [...(await backupsOf(path)), path];
  if (!files.some((file) => existsSync(file)))
    throw new BerthError('NotFound', `there is no audit log: ${path} is not there`);
  const found = new Map<string, Found>();
  const changes = new Changes();
  const { limit = Number.POSITIVE_INFINITY } = filter;
  let line = 0;
  for (const file of files) {
    if (filter.since !== undefined && file !== path && finishedAt(path, file) < filter.since) continue;
    for (const { bytes, isWhole } of linesOf(file)) {
      if (++line % 1000 === 0) await setImmediate();
      if (!isWhole || (filter.name !== undefined && !bytes.includes(filter.name))) continue;
      const event = eventOf(bytes);
      if (!event || event.stage === 'RequestReceived') continue;
      // Also of what is not asked for: the next change of the object begins with it.
      const changed = event.stage === 'ResponseComplete' ? changes.of(event) : [];
      if (!fits(event, filter)) continue;
      // Of one request the last event takes the place of those before.
      found.delete(event.auditID);
      found.set(event.auditID, { event, changes: changed });
      if (found.size > limit) found.delete(found.keys().next().value as string);
    }
  }
  return [...found.values()];
}

/** A line that is no event is for `verifyAuditLog` to tell of. */
function eventOf(bytes: Buffer): AuditEvent | undefined {
  try {
    const event = JSON.parse(bytes.toString()) as AuditEvent | null;
    return typeof event?.auditID === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}

function fits(event: AuditEvent, { user, verbs, resource, namespace, name, since }: AuditFilter): boolean {
  const { objectRef = {} } = event;
  if (user !== undefined && event.user.username !== user && event.impersonatedUser?.username !== user) return false;
  if (verbs !== undefined && !verbs.includes(event.verb)) return false;
  if (resource !== undefined && !namesOf(objectRef).includes(resource)) return false;
  if (namespace !== undefined && objectRef.namespace !== namespace) return false;
  if (name !== undefined && objectRef.name !== name) return false;
  return since === undefined || Date.parse(event.requestReceivedTimestamp) >= since;
}

/** All names by which a resource may be asked for. */
function namesOf({ resource = '', apiGroup, subresource }: NonNullable<AuditEvent['objectRef']>): string[] {
  const names = apiGroup === undefined ? [resource] : [resource, `${resource}.${apiGroup}`];
  return subresource === undefined ? names : [...names, ...names.map((name) => `${name}/${subresource}`)];
}
