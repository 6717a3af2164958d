import { sum, type Usage } from '../../../quota/index.ts';
import { objectKey } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { AdmissionRequest } from '../admission.ts';

/** What one request uses, by the keys of the quotas. */
export type Charge = ReadonlyMap<string, Usage>;

/** What was charged for requests of which the outcome is not known yet. */
export class Charges {
  readonly #storage: ObjectStorage;
  readonly #open = new Map<AdmissionRequest, Charge>();

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  /** Whether a request has paid: one whose generated name was taken comes again. */
  has(request: AdmissionRequest): boolean {
    return this.#open.has(request);
  }

  /** Keeps a charge until the outcome is known; `failed` is told when nothing came of the request. */
  add(request: AdmissionRequest, charge: Charge, failed: () => void): void {
    this.#open.set(request, charge);
    request.settled.push((kept) => {
      this.#open.delete(request);
      if (!kept) failed();
    });
  }

  /** What was charged to a quota for what nobody can see yet; undefined when that is nothing. */
  comingFor(quota: string): Usage | undefined {
    let coming: Usage | undefined;
    for (const [request, charge] of this.#open) {
      const usage = charge.get(quota);
      if (usage && !this.#isVisible(request)) coming = sum(coming ?? {}, usage);
    }
    return coming;
  }

  #isVisible({ call, namespace, name, object, old }: AdmissionRequest): boolean {
    const seen = this.#storage.get(objectKey(call.kind.prefix, namespace, name));
    if (!seen || seen.object.metadata.uid !== object.metadata.uid) return false;
    // What is seen may be older than what the request is made of.
    return seen.revision > Number(old?.metadata.resourceVersion ?? 0);
  }
}
