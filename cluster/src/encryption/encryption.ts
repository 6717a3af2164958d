import { plainly } from './identity.ts';
import { type Prefixed, PrefixedTransformers } from './prefixed.ts';
import { providersOf, type Rules } from './rules.ts';
import type { Transformer } from './transformer.ts';

/** What Berth encrypts of its own accord. */
export const secrets = '/registry/core/secrets/';

/** Hears that other rules count, or that somebody who has keys answers. */
type Listener = (what: 'rules' | 'keys') => void;

const noRules: Rules = new Map();

/** How the values of every resource are kept now. What is kept plain has no transformer, and costs nothing. */
export class Encryption {
  #rules: Rules = noRules;
  /** Reads what was written under Berth's own keys, whatever else is said of Secrets now. */
  #fallback: Prefixed | undefined;
  readonly #known = new Map<string, Transformer | undefined>();
  readonly #listeners = new Set<Listener>();

  /** From now on this counts; listeners are told. */
  use(rules: Rules, fallback?: Prefixed): void {
    this.#rules = rules;
    this.#fallback = fallback;
    this.#known.clear();
    for (const listener of this.#listeners) listener('rules');
  }

  /** Tells listeners that what could not be read may be readable now. */
  retry(): void {
    for (const listener of this.#listeners) listener('keys');
  }

  /** Answers how to stop. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** By the prefix of a resource's keys, `/registry/<group>/<resource>/`. */
  of(prefix: string): Transformer | undefined {
    if (!this.#known.has(prefix)) this.#known.set(prefix, this.#make(prefix));
    return this.#known.get(prefix);
  }

  #make(prefix: string): Transformer | undefined {
    const [, , group = '', resource = ''] = prefix.split('/');
    const list = providersOf(this.#rules, { group: group === 'core' ? '' : group, resource });
    if (prefix !== secrets || !this.#fallback) return list && new PrefixedTransformers(list, unknown);
    return new PrefixedTransformers([...(list ?? [plainly]), this.#fallback], unknown);
  }
}

const unknown = 'no matching prefix found';
