import type { AdmissionRequest } from '../admission.ts';
import type { Hook } from './hooks.ts';

const domain = 'webhook.admission.k8s.io';

/** What the audit log is told of one call of a mutating webhook. Source: `webhookAnnotator` of `k8s.io/apiserver`. */
export class MutationNotes {
  readonly #request: AdmissionRequest;
  readonly #hook: Hook;
  readonly #which: string;
  #patch: readonly unknown[] | undefined;

  /** `which` is the round and the webhook's place in it: `round_0_index_2`. */
  constructor(request: AdmissionRequest, hook: Hook, which: string) {
    this.#request = request;
    this.#hook = hook;
    this.#which = which;
  }

  mutated(patch: readonly unknown[]): void {
    this.#patch = patch;
  }

  failedOpen(): void {
    this.#request.call.record?.annotate(`failed-open.mutation.${domain}/${this.#which}`, this.#hook.name);
  }

  /** The patch itself is told where bodies are. */
  tell(): void {
    const { record } = this.#request.call;
    if (!record) return;
    const { configuration, name: webhook } = this.#hook;
    const patch = this.#patch;
    const about = { configuration, webhook };
    record.annotate(`mutation.${domain}/${this.#which}`, JSON.stringify({ ...about, mutated: patch !== undefined }));
    if (!patch || !record.wantsRequest) return;
    record.annotate(`patch.${domain}/${this.#which}`, JSON.stringify({ ...about, patch, patchType: 'JSONPatch' }));
  }
}
