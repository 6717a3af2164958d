import {
  checkFieldSelector,
  type FieldSelector,
  fieldMatcher,
  type LabelSelector,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '@berth/kube/selectors';
import type { ServedKind } from '../kinds.ts';
import type { StoredObject } from './stored-object.ts';

/** The label and field selectors of a request, read once. */
export class Selection {
  readonly #labels: LabelSelector;
  readonly #fields: FieldSelector;
  readonly #hasFields: (object: object) => boolean;

  constructor(kind: ServedKind, labelSelector: string | undefined, fieldSelector: string | undefined) {
    const { fieldSelectors } = kind.description;
    this.#labels = labelSelector ? parseLabelSelector(labelSelector) : [];
    this.#fields = fieldSelector ? parseFieldSelector(fieldSelector) : [];
    checkFieldSelector(this.#fields, fieldSelectors, { isCustom: kind.isCustom });
    this.#hasFields = fieldMatcher(this.#fields, fieldSelectors);
  }

  get isEverything(): boolean {
    return this.#labels.length === 0 && this.#fields.length === 0;
  }

  /** The name that a field selector asks for, which makes a list a lookup. */
  get name(): string | undefined {
    return this.#fields.find((field) => field.field === 'metadata.name' && field.operator === '=')?.value;
  }

  /** The namespace that a field selector asks for. */
  get namespace(): string | undefined {
    return this.#fields.find((field) => field.field === 'metadata.namespace' && field.operator === '=')?.value;
  }

  /** Whether an object, in the version of the request, is selected. */
  matches(stored: StoredObject): boolean {
    if (this.isEverything) return true;
    const { object } = stored;
    return matchesLabels(this.#labels, object.metadata.labels) && this.#hasFields(object);
  }
}
