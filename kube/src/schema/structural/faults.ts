import type { ErrorCause } from '../../errors/index.ts';
import * as causes from './causes.ts';

/** What the schema finds wrong with a value. `name` is the path as messages have it; below the root it begins with a dot. */
export type Fault =
  | { type: 'type'; name: string; value: string; message: string }
  | { type: 'required'; name: string; message: string }
  | { type: 'enum'; name: string; value: unknown; values: readonly unknown[]; message: string }
  | { type: 'too-long'; name: string; maximum: number; message: string }
  | { type: 'too-many'; name: string; actual: number; maximum: number; message: string }
  | { type: 'invalid'; name: string; value: unknown; message: string }
  /** Of a junctor: it names its place in its message only. */
  | { type: 'whole'; message: string };

/**
 * What came of a value. `matched` counts the checks that were done: of several alternatives that all fail, the faults of
 * the one that did most are told. Source: the `Result` of kube-openapi, whose choices are visible to users.
 */
export class Outcome {
  readonly faults: Fault[] = [];
  matched = 0;
  #messages: Set<string> | undefined;

  get valid(): boolean {
    return this.faults.length === 0;
  }

  /** The same fault is told once. */
  add(fault: Fault): void {
    this.#messages ??= new Set(this.faults.map(({ message }) => message));
    if (this.#messages.has(fault.message)) return;
    this.#messages.add(fault.message);
    this.faults.push(fault);
  }

  merge(other: Outcome): void {
    for (const fault of other.faults) this.add(fault);
    this.matched += other.matched;
  }
}

/** The fault as a cause of a refusal; `root` is the path of what was validated. */
export function causeOf(fault: Fault, root: string): ErrorCause {
  if (fault.type === 'whole') return causes.invalid(root, '', fault.message);
  const name = fault.name.replace(/^\./, '');
  const field = name === '' ? root : causes.child(root, name);
  switch (fault.type) {
    case 'type':
      return causes.typeInvalid(field, fault.value, fault.message);
    case 'required':
      return causes.required(field);
    case 'enum':
      return causes.unsupported(
        field,
        fault.value,
        fault.values.map((value) => (typeof value === 'string' ? value : causes.goJson(value))),
      );
    case 'too-long':
      return causes.tooLong(field, fault.maximum);
    case 'too-many':
      return causes.tooMany(field, fault.actual, fault.maximum);
    case 'invalid':
      return causes.invalid(field, fault.value ?? '', fault.message);
  }
}
