import type { AuditEvent } from './event.ts';

/** One field that a request set. */
export interface FieldChange {
  /** `spec.containers[app].image` */
  field: string;
  /** JSON, `null` of what was not there; undefined when the log does not know. */
  from: string | undefined;
  /** JSON; undefined when the field is gone. */
  to: string | undefined;
}

/** Objects of which it is remembered how they were. */
const mostKnown = 10_000;

/**
 * From what to what objects were changed, as the events of a log tell one after the other: what one request sent, or was
 * answered, is what the next began with. Of objects whose bodies are not recorded nothing is known.
 */
export class Changes {
  readonly #known = new Map<string, Map<string, string>>();

  of(event: AuditEvent): FieldChange[] {
    const { objectRef, verb, requestObject, responseObject, responseStatus: { code = 0 } = {} } = event;
    const subresource = objectRef?.subresource;
    // A scale is a few fields of its object; other subresources set what nobody asked for, or nothing.
    if (!objectRef?.name || (subresource !== undefined && subresource !== 'scale') || code >= 300) return [];
    const key = `${objectRef.apiGroup ?? ''}/${objectRef.resource}/${objectRef.namespace ?? ''}/${objectRef.name}`;
    if (verb === 'delete') {
      this.#known.delete(key);
      return [];
    }
    if (!isWrite.has(verb) || requestObject === undefined) return [];
    const isWhole = verb !== 'patch' && subresource === undefined;
    const before = this.#known.get(key);
    const after = isWhole && isObject(responseObject) ? fieldsOf(responseObject) : sentFields(requestObject, before);
    this.#remember(key, isWhole ? after : new Map([...(before ?? []), ...after]));
    return verb === 'create' ? [] : differences(before, after, isWhole);
  }

  #remember(key: string, fields: Map<string, string>): void {
    this.#known.delete(key);
    this.#known.set(key, fields);
    if (this.#known.size > mostKnown) this.#known.delete(this.#known.keys().next().value as string);
  }
}

const isWrite = new Set(['create', 'update', 'patch']);

/** Whether an answer is the object, not a word on how it went. */
function isObject(answered: unknown): boolean {
  return typeof answered === 'object' && answered !== null && (answered as { kind?: string }).kind !== 'Status';
}

function sentFields(sent: unknown, before: Map<string, string> | undefined): Map<string, string> {
  return Array.isArray(sent) ? operationsOf(sent, before) : fieldsOf(sent);
}

/** A JSON patch names each field that it sets. */
function operationsOf(operations: readonly unknown[], before: Map<string, string> = new Map()): Map<string, string> {
  const fields = new Map<string, string>();
  for (const operation of operations as { op?: string; path?: string; value?: unknown }[]) {
    const path = (operation.path ?? '').split('/').slice(1);
    const field = path.map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~')).join('.');
    if (operation.op === 'remove') fields.set(field, 'null');
    else if (operation.op === 'add' || operation.op === 'replace') add(fields, field, operation.value);
  }
  for (const field of fields.keys()) if (before.get(field) === fields.get(field)) fields.delete(field);
  return fields;
}

function differences(
  before: Map<string, string> | undefined,
  after: Map<string, string>,
  isWhole: boolean,
): FieldChange[] {
  const changes: FieldChange[] = [];
  for (const [field, to] of after) {
    const from = before && (before.get(field) ?? 'null');
    if (from !== to && (before !== undefined || !isWhole)) {
      changes.push({ field, from, to: to === 'null' ? undefined : to });
    }
  }
  if (!isWhole || before === undefined) return changes;
  for (const [field, from] of before) if (!after.has(field)) changes.push({ field, from, to: undefined });
  return changes;
}

/** What the server keeps itself, and kubectl's copy of what it sent, say nothing of what somebody wanted. */
const isOurs =
  /^(?:apiVersion|kind|status(?:\.|$)|metadata\.(?:managedFields|resourceVersion|generation|uid|creationTimestamp|selfLink|annotations\.kubectl\.kubernetes\.io\/last-applied-configuration)(?:\[|\.|$))/;

/** An object as its leaves by their paths; items of lists by their names where they have such. */
function fieldsOf(object: unknown): Map<string, string> {
  const fields = new Map<string, string>();
  add(fields, '', object);
  return fields;
}

function add(fields: Map<string, string>, path: string, value: unknown): void {
  if (isOurs.test(path)) return;
  if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) {
    if (path !== '') fields.set(path, JSON.stringify(value) ?? 'null');
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => void add(fields, `${path}[${nameOf(item) ?? index}]`, item));
  } else {
    // What begins so tells a strategic merge how to go about it.
    for (const [name, item] of Object.entries(value))
      if (!name.startsWith('$')) add(fields, path === '' ? name : `${path}.${name}`, item);
  }
}

function nameOf(item: unknown): string | undefined {
  const name = (item as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name : undefined;
}
