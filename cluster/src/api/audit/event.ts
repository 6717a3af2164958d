import type { Level, Stage } from '@berth/kube/audit';
import type { Status } from '@berth/kube/errors';
import type { User } from '../types.ts';
import type { Origin } from './source.ts';

/** `audit.k8s.io/v1` ObjectReference; what is '' is left out. */
export interface ObjectReference {
  resource: string;
  namespace: string;
  name: string;
  group: string;
  version?: string;
  subresource: string;
  uid?: string;
  resourceVersion?: string;
}

export type ShownStatus = Partial<Pick<Status, 'status' | 'message' | 'reason' | 'details' | 'code'>>;

/** What an event says before its bodies. */
export interface EventHead {
  level: Level;
  stage: Stage;
  origin: Origin;
  verb: string;
  user: User | undefined;
  impersonated: User | undefined;
  objectRef: ObjectReference | undefined;
  status: ShownStatus | undefined;
}

/** An `audit.k8s.io/v1` Event up to its bodies, in Kubernetes' order of fields. */
export function headOf({ level, stage, origin, verb, user, impersonated, objectRef, status }: EventHead): string {
  const known = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level,
    auditID: origin.auditID,
    stage,
    requestURI: origin.requestURI,
    verb,
    user: user ? userInfo(user) : {},
    impersonatedUser: impersonated ? userInfo(impersonated) : undefined,
    sourceIPs: origin.sourceIPs,
    userAgent: orNothing(origin.userAgent),
    objectRef: objectRef ? referenceOf(objectRef) : undefined,
    responseStatus: status ? statusOf(status) : undefined,
  };
  return `${JSON.stringify(known).slice(0, -1)},`;
}

/** The rest of the event but for the closing of its annotations. */
export function tailOf(received: string, at: string, annotations: Readonly<Record<string, string>>): string {
  const inner = JSON.stringify(annotations).slice(1, -1);
  const comma = inner === '' ? '' : ',';
  return `"requestReceivedTimestamp":"${received}","stageTimestamp":"${at}","annotations":{${inner}${comma}`;
}

/** `authentication.k8s.io/v1` UserInfo. */
function userInfo({ name, uid, groups, extra }: User): object {
  return { username: orNothing(name), uid, groups: groups.length > 0 ? groups : undefined, extra };
}

function referenceOf(reference: ObjectReference): object {
  return {
    resource: orNothing(reference.resource),
    namespace: orNothing(reference.namespace),
    name: orNothing(reference.name),
    uid: orNothing(reference.uid),
    apiGroup: orNothing(reference.group),
    apiVersion: orNothing(reference.version),
    resourceVersion: orNothing(reference.resourceVersion),
    subresource: orNothing(reference.subresource),
  };
}

/** A Status without what only its own kind has. */
function statusOf({ status, message, reason, details, code }: ShownStatus): object {
  return { metadata: {}, status, message, reason, details, code };
}

function orNothing(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
