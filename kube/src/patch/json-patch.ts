import { BerthError } from '../errors/index.ts';
import { clone, type Data, isData, own, put, sameData, sizeOf } from './data.ts';

const maximumOperations = 10_000;
/** What all `copy` operations of one patch may add up to, in values and characters. */
const maximumCopied = 3 * 1024 * 1024;

/**
 * Applies a JSON Patch (RFC 6902) and answers the result; `original` stays as it is.
 * Throws `BadRequest` for a patch that is malformed, `Invalid` (422) for one that does not apply or whose `test`
 * fails, `RequestEntityTooLarge` for one of more than 10,000 operations or that copies without end.
 */
export function applyJsonPatch<T>(original: T, patch: unknown): T {
  if (!Array.isArray(patch)) throw new BerthError('BadRequest', 'a JSON patch must be an array of operations');
  if (patch.length > maximumOperations) {
    throw new BerthError(
      'RequestEntityTooLarge',
      `The allowed maximum operations in a JSON patch is ${maximumOperations}, got ${patch.length}`,
    );
  }
  const operations = patch.map(readOperation);
  const document = { root: clone(original) as unknown };
  let copied = 0;
  for (const operation of operations) {
    if (operation.op === 'copy') {
      copied += sizeOf(read(document, operation.from, operation));
      if (copied > maximumCopied) {
        throw new BerthError('RequestEntityTooLarge', 'the copy operations of the JSON patch are too large');
      }
    }
    apply(document, operation);
  }
  return document.root as T;
}

interface Operation {
  op: 'add' | 'remove' | 'replace' | 'move' | 'copy' | 'test';
  path: string;
  from: string;
  value: unknown;
}

const names = new Set(['add', 'remove', 'replace', 'move', 'copy', 'test']);

function readOperation(operation: unknown, index: number): Operation {
  const at = `operation ${index} of the JSON patch`;
  if (!isData(operation)) throw new BerthError('BadRequest', `${at} is not an object`);
  const op = own(operation, 'op');
  const path = own(operation, 'path');
  const from = own(operation, 'from');
  if (typeof op !== 'string' || !names.has(op)) {
    throw new BerthError('BadRequest', `${at} has an unexpected kind: ${JSON.stringify(op)}`);
  }
  if (!isPointer(path)) throw new BerthError('BadRequest', `${at} has no valid path`);
  const needsFrom = op === 'move' || op === 'copy';
  if (needsFrom && !isPointer(from)) throw new BerthError('BadRequest', `${at} has no valid from`);
  if ((op === 'add' || op === 'replace' || op === 'test') && !Object.hasOwn(operation, 'value')) {
    throw new BerthError('BadRequest', `${at} has no value`);
  }
  return { op: op as Operation['op'], path, from: needsFrom ? (from as string) : '', value: own(operation, 'value') };
}

/** A JSON pointer (RFC 6901). */
function isPointer(value: unknown): value is string {
  return typeof value === 'string' && /^(\/([^~/]|~[01])*)*$/.test(value);
}

function stepsOf(pointer: string): string[] {
  return pointer === ''
    ? []
    : pointer
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

interface Document {
  root: unknown;
}

function apply(document: Document, operation: Operation): void {
  switch (operation.op) {
    case 'add':
      insert(document, operation.path, clone(operation.value), operation);
      return;
    case 'remove':
      remove(document, operation.path, operation);
      return;
    case 'replace':
      read(document, operation.path, operation);
      if (operation.path === '') document.root = clone(operation.value);
      else assign(document, operation.path, clone(operation.value), operation);
      return;
    case 'move': {
      if (operation.path === operation.from) {
        read(document, operation.from, operation);
        return;
      }
      if (operation.path.startsWith(`${operation.from}/`))
        throw inapplicable(operation, 'a value cannot move into itself');
      insert(document, operation.path, remove(document, operation.from, operation), operation);
      return;
    }
    case 'copy':
      insert(document, operation.path, clone(read(document, operation.from, operation)), operation);
      return;
    case 'test': {
      const found = find(document, operation.path);
      // As Kubernetes has it: a test for null passes where there is nothing.
      if (!sameData(found.present ? found.value : null, operation.value)) {
        throw inapplicable(operation, `testing value ${operation.path} failed: test failed`);
      }
    }
  }
}

function find(document: Document, pointer: string): { present: boolean; value?: unknown } {
  let value: unknown = document.root;
  for (const step of stepsOf(pointer)) {
    if (Array.isArray(value)) {
      const index = indexOf(step);
      if (index === undefined || index >= value.length) return { present: false };
      value = value[index];
    } else if (isData(value) && Object.hasOwn(value, step)) {
      value = value[step];
    } else {
      return { present: false };
    }
  }
  return { present: true, value };
}

function read(document: Document, pointer: string, operation: Operation): unknown {
  const found = find(document, pointer);
  if (!found.present) throw inapplicable(operation, `doc is missing path: ${JSON.stringify(pointer)}: missing value`);
  return found.value;
}

function indexOf(step: string): number | undefined {
  return /^(0|[1-9]\d{0,8})$/.test(step) ? Number(step) : undefined;
}

function parentOf(
  document: Document,
  pointer: string,
  operation: Operation,
): { parent: Data | unknown[]; last: string } {
  const steps = stepsOf(pointer);
  const last = steps.pop() ?? '';
  const parentPointer = pointer.slice(0, pointer.lastIndexOf('/'));
  const parent = read(document, parentPointer, operation);
  if (!Array.isArray(parent) && !isData(parent)) {
    throw inapplicable(operation, `doc is missing path: ${JSON.stringify(pointer)}: missing value`);
  }
  return { parent, last };
}

function insert(document: Document, pointer: string, value: unknown, operation: Operation): void {
  if (pointer === '') {
    document.root = value;
    return;
  }
  const { parent, last } = parentOf(document, pointer, operation);
  if (!Array.isArray(parent)) {
    put(parent, last, value);
    return;
  }
  const index = last === '-' ? parent.length : indexOf(last);
  if (index === undefined || index > parent.length) {
    throw inapplicable(operation, `unable to access invalid index: ${last}: invalid index referenced`);
  }
  parent.splice(index, 0, value);
}

function assign(document: Document, pointer: string, value: unknown, operation: Operation): void {
  const { parent, last } = parentOf(document, pointer, operation);
  if (Array.isArray(parent)) parent[Number(last)] = value;
  else put(parent, last, value);
}

function remove(document: Document, pointer: string, operation: Operation): unknown {
  const value = read(document, pointer, operation);
  if (pointer === '') {
    document.root = null;
    return value;
  }
  const { parent, last } = parentOf(document, pointer, operation);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete parent[last];
  return value;
}

function inapplicable(operation: Operation, why: string): BerthError {
  const message = operation.op === 'test' ? why : `${operation.op} operation does not apply: ${why}`;
  return new BerthError('Invalid', `the server rejected our request due to an error in our request: ${message}`);
}
