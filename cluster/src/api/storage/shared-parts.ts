import type { KubeObject } from '@berth/kube/objects';

/** Distinct parts that are remembered; far more than the templates that make most objects. */
const mostParts = 2000;
const longestPart = 16 * 1024;

interface Shaped {
  metadata: { managedFields?: { fieldsV1?: unknown }[] };
  spec?: { tolerations?: unknown; volumes?: { projected?: unknown }[] };
}

/**
 * Parts that are alike in all objects of one template, and larger than what differs in them: who owns which fields, the
 * volume of an account's token, default tolerations. Each is kept once. Decoded objects are never changed, so that it
 * does not show.
 */
export class SharedParts {
  #known = new Map<string, unknown>();

  /** Puts what is known already in the place of what an object that was just decoded has. */
  share(object: KubeObject): void {
    const { metadata, spec } = object as Shaped;
    if (Array.isArray(metadata?.managedFields)) {
      for (const entry of metadata.managedFields) if (isObject(entry)) this.#replace(entry, 'fieldsV1');
    }
    if (!isObject(spec)) return;
    this.#replace(spec, 'tolerations');
    if (Array.isArray(spec.volumes)) {
      for (const volume of spec.volumes) if (isObject(volume)) this.#replace(volume, 'projected');
    }
  }

  #replace<K extends string>(holder: { [key in K]?: unknown }, key: K): void {
    const part = holder[key];
    if (!isObject(part)) return;
    const text = JSON.stringify(part);
    if (text.length > longestPart) return;
    const known = this.#known.get(text);
    if (known !== undefined) {
      holder[key] = known;
      return;
    }
    if (this.#known.size >= mostParts) this.#known = new Map();
    this.#known.set(text, part);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
