import type { KubeObject } from '@berth/kube/objects';
import type { Call } from '../call.ts';

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  call: Call;
  /** '' when the request is for the object itself. */
  subresource: string;
  /** Name of the object, '' while it is to be generated. */
  name: string;
  namespace: string;
  /** What is to be written; `admit` may change it. For a delete: what is there. */
  object: KubeObject;
  old: KubeObject | undefined;
  dryRun: boolean;
  /** Called once when the outcome is known: `kept` says whether the object was written. For giving back what was reserved. */
  settled: ((kept: boolean) => void)[];
}

/** One check or addition that every write goes through. Refuses by throwing a `BerthError`. */
export interface AdmissionPlugin {
  readonly name: string;
  /** `group/resource`, or nothing for every kind. */
  readonly resources?: readonly string[];
  admit?(request: AdmissionRequest): void | Promise<void>;
  /** After all changes and after validation. */
  check?(request: AdmissionRequest): void | Promise<void>;
}

/** The plugins in the order in which they are asked. */
export class Admission {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  async admit(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) {
      if (!plugin.admit || !concerns(plugin, request)) continue;
      const waiting = plugin.admit(request);
      if (waiting) await waiting;
    }
  }

  async check(request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) {
      if (!plugin.check || !concerns(plugin, request)) continue;
      const waiting = plugin.check(request);
      if (waiting) await waiting;
    }
  }
}

function concerns(plugin: AdmissionPlugin, { call }: AdmissionRequest): boolean {
  const { group, resource } = call.kind.description;
  return plugin.resources === undefined || plugin.resources.includes(`${group}/${resource}`);
}

/** Tells those who reserved something how it ended. */
export function settle(request: AdmissionRequest, kept: boolean): void {
  for (const tell of request.settled.splice(0)) tell(kept);
}
