import { type CelType, dyn, printType } from '../types.ts';

/** Whether two types are the same, type parameters by name. */
export function sameType(a: CelType, b: CelType): boolean {
  return a === b || (a.kind === b.kind && printType(a) === printType(b));
}

export const isDyn = (type: CelType) => type.kind === 'dyn' || type.kind === 'any';
export const isDynOrError = (type: CelType) => isDyn(type) || type.kind === 'error';

/**
 * What type parameters stand for, found out by making types agree. Source: the inference of cel-go's checker, whose
 * answers (and refusals) Kubernetes' users know. Changes are kept in a journal, so that a failed attempt costs nothing.
 */
export class Substitutions {
  readonly #bound = new Map<string, CelType>();
  #journal: [string, CelType | undefined][] = [];

  /** Whether values of type `from` may be used as `to`; type parameters are bound as needed, or not at all. */
  assignable(from: CelType, to: CelType): boolean {
    return this.assignableAll([from], [to]);
  }

  assignableAll(from: readonly CelType[], to: readonly CelType[]): boolean {
    this.#journal = [];
    if (this.#allAgree(from, to)) return true;
    for (const [name, before] of this.#journal.reverse()) {
      if (before === undefined) this.#bound.delete(name);
      else this.#bound.set(name, before);
    }
    return false;
  }

  /** The type with everything known put in; what is unknown stays, or becomes `dyn`. */
  resolve(type: CelType, unknownIsDyn = false): CelType {
    switch (type.kind) {
      case 'param': {
        const bound = this.#bound.get(type.name);
        if (bound !== undefined) return this.resolve(bound, unknownIsDyn);
        return unknownIsDyn ? dyn : type;
      }
      case 'list': {
        const element = this.resolve(type.element, unknownIsDyn);
        return element === type.element ? type : { ...type, element };
      }
      case 'map': {
        const key = this.resolve(type.key, unknownIsDyn);
        const value = this.resolve(type.value, unknownIsDyn);
        return key === type.key && value === type.value ? type : { ...type, key, value };
      }
      case 'opaque':
        if (type.parameters.length === 0) return type;
        return { ...type, parameters: type.parameters.map((each) => this.resolve(each, unknownIsDyn)) };
      case 'type':
        return { ...type, of: this.resolve(type.of, unknownIsDyn) };
      default:
        return type;
    }
  }

  #bind(name: string, type: CelType): void {
    this.#journal.push([name, this.#bound.get(name)]);
    this.#bound.set(name, type);
  }

  #allAgree(from: readonly CelType[], to: readonly CelType[]): boolean {
    return from.length === to.length && from.every((type, index) => this.#agree(type, to[index] as CelType));
  }

  #agree(from: CelType, to: CelType): boolean {
    if (to.kind === 'param') {
      const outcome = this.#substitute(from, to);
      if (outcome === 'valid') return true;
      if (outcome === 'taken') return false;
    }
    if (from.kind === 'param') return this.#substitute(to, from) === 'valid';
    if (isDynOrError(from) || isDynOrError(to)) return true;
    if (from.kind === 'null') return to.kind === 'null' || nullable(to);
    if (to.kind === 'null') return nullable(from);
    if (from.kind !== to.kind) return false;
    switch (from.kind) {
      case 'type':
        return true;
      case 'list':
        return to.kind === 'list' && this.#agree(from.element, to.element);
      case 'map':
        return to.kind === 'map' && this.#agree(from.key, to.key) && this.#agree(from.value, to.value);
      case 'opaque':
        return to.kind === 'opaque' && from.name === to.name && this.#allAgree(from.parameters, to.parameters);
      case 'object':
        return to.kind === 'object' && from.name === to.name;
      default:
        return true;
    }
  }

  /** Tries to let the parameter stand for `type` too: `taken` when it stands for something else already. */
  #substitute(type: CelType, parameter: CelType & { kind: 'param' }): 'valid' | 'taken' | 'recursive' {
    if (sameType(type, parameter)) return 'valid';
    const bound = this.#bound.get(parameter.name);
    if (bound === undefined) {
      if (this.#mentions(type, parameter.name)) return 'recursive';
      this.#bind(parameter.name, type);
      return 'valid';
    }
    if (sameType(type, bound)) return 'valid';
    if (!this.#agree(type, bound)) return 'taken';
    const general = mostGeneral(type, bound);
    if (!this.#mentions(general, parameter.name)) this.#bind(parameter.name, general);
    return 'valid';
  }

  #mentions(type: CelType, name: string): boolean {
    switch (type.kind) {
      case 'param': {
        if (type.name === name) return true;
        const bound = this.#bound.get(type.name);
        return bound !== undefined && this.#mentions(bound, name);
      }
      case 'list':
        return this.#mentions(type.element, name);
      case 'map':
        return this.#mentions(type.key, name) || this.#mentions(type.value, name);
      case 'opaque':
        return type.parameters.some((each) => this.#mentions(each, name));
      case 'type':
        return this.#mentions(type.of, name);
      default:
        return false;
    }
  }
}

/** Of two types that agree, the one that says less. */
export function mostGeneral(a: CelType, b: CelType): CelType {
  return lessSpecific(a, b) ? a : b;
}

function lessSpecific(a: CelType, b: CelType): boolean {
  if (isDyn(a) || a.kind === 'param') return true;
  if (isDyn(b) || b.kind === 'param' || a.kind !== b.kind) return false;
  if (a.kind === 'list' && b.kind === 'list') return lessSpecific(a.element, b.element);
  if (a.kind === 'map' && b.kind === 'map') return lessSpecific(a.key, b.key) && lessSpecific(a.value, b.value);
  if (a.kind === 'opaque' && b.kind === 'opaque') {
    return (
      a.name === b.name &&
      a.parameters.length === b.parameters.length &&
      a.parameters.every((each, index) => lessSpecific(each, b.parameters[index] as CelType))
    );
  }
  return a.kind === 'type' || sameType(a, b);
}

function nullable(type: CelType): boolean {
  return ['opaque', 'object', 'duration', 'timestamp'].includes(type.kind);
}
