import { sameData } from '../../patch/index.ts';
import { type Fields, part, text } from '../fields.ts';
import { goValue } from './go-value.ts';
import { dnsSubdomain, immutableMessage, qualifiedName } from './names.ts';
import type { Problems } from './problems.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const lengths = { reportingInstance: 128, action: 128, reason: 128 } as const;
const noteLength = 1024;

/** Where the core group's shape has other names for what an event tells. */
interface Names {
  about: string;
  controller: string;
}

/** What holds for events of both groups. Kubernetes names the object and the message as the core group does. */
function validateAnyEvent(event: Fields, names: Names, note: string | undefined, problems: Problems): void {
  const namespace = text(part(event, 'metadata'), 'namespace') ?? '';
  const about = text(part(event, names.about), 'namespace') ?? '';
  const differs = () => problems.invalid('involvedObject.namespace', about, 'does not match event.namespace');
  if (event.eventTime === undefined || event.eventTime === null) {
    const isRight = about === '' ? namespace === '' || namespace === 'default' : about === namespace;
    if (!isRight) differs();
  } else {
    if (about === '' && namespace !== 'default' && namespace !== 'kube-system') differs();
    const controller = text(event, names.controller) ?? '';
    if (controller === '') problems.required(names.controller);
    for (const message of qualifiedName(controller)) problems.invalid(names.controller, controller, message);
    for (const [field, most] of Object.entries(lengths)) {
      const value = text(event, field) ?? '';
      if (value === '') problems.required(field);
      if (Buffer.byteLength(value) > most) problems.invalid(field, '', `can have at most ${most} characters`);
    }
    if (Buffer.byteLength(note ?? '') > noteLength)
      problems.invalid('message', '', `can have at most ${noteLength} characters`);
  }
  for (const message of dnsSubdomain(namespace)) problems.invalid('namespace', namespace, message);
}

/** The core group's events: old clients are let be. */
export const validateCoreEvent: Rule = (event, problems) => {
  const names = { about: 'involvedObject', controller: 'reportingComponent' };
  validateAnyEvent(event, names, text(event, 'message'), problems);
};

const types = ['Normal', 'Warning'];
const unset = {
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
} as const;

/** Of `events.k8s.io`: everything that an event tells, and nothing of it changes but its series. */
export const validateEvent: Rule = (event, problems, old) => {
  validateAnyEvent(event, { about: 'regarding', controller: 'reportingController' }, text(event, 'note'), problems);
  if (old !== undefined) {
    validateEventUpdate(event, old, problems);
    return;
  }
  validateSeries(event, problems);
  if (!event.eventTime) problems.required('eventTime');
  const type = text(event, 'type') ?? '';
  if (!types.includes(type)) problems.invalid('type', '', `has invalid value: ${type}`);
  for (const [field, name] of Object.entries(unset)) if (event[name]) problems.invalid(field, '', 'needs to be unset');
  const source = part(event, 'deprecatedSource');
  if (text(source, 'component') || text(source, 'host')) problems.invalid('source', '', 'needs to be unset');
};

function validateSeries(event: Fields, problems: Problems): void {
  const series = part(event, 'series');
  if (series === undefined) return;
  if (typeof series.count !== 'number' || series.count < 2)
    problems.invalid('series.count', '', 'should be at least 2');
  if (!series.lastObservedTime) problems.required('series.lastObservedTime');
}

const reference = { Kind: '', Namespace: '', Name: '', UID: '', APIVersion: '', ResourceVersion: '', FieldPath: '' };

/** By the names that Kubernetes tells of them, in its order. */
const fixed: readonly (readonly [name: string, field: string, absent: unknown])[] = [
  ['involvedObject', 'regarding', ''],
  ['reason', 'reason', ''],
  ['message', 'note', ''],
  ['source', 'deprecatedSource', ''],
  ['firstTimestamp', 'deprecatedFirstTimestamp', null],
  ['lastTimestamp', 'deprecatedLastTimestamp', null],
  ['count', 'deprecatedCount', 0],
  ['type', 'type', ''],
  ['eventTime', 'eventTime', null],
  ['action', 'action', ''],
  ['related', 'related', null],
  ['reportingController', 'reportingController', ''],
  ['reportingInstance', 'reportingInstance', ''],
];

function validateEventUpdate(event: Fields, old: Fields, problems: Problems): void {
  if (!sameData(event.series, old.series)) validateSeries(event, problems);
  for (const [name, field, absent] of fixed) {
    const [now, before] = [event[field], old[field]];
    if (sameData(shown(field, now, absent), shown(field, before, absent))) continue;
    problems.invalid(name, shown(field, now, absent), immutableMessage);
  }
}

function shown(field: string, value: unknown, absent: unknown): unknown {
  const given = typeof value === 'object' && value !== null ? (value as Fields) : undefined;
  if (field === 'regarding' || (field === 'related' && given !== undefined)) return goValue(given ?? {}, reference);
  if (field === 'deprecatedSource') return goValue(given ?? {}, { Component: '', Host: '' });
  return value ?? absent;
}
