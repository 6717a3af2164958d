import type { KubeObject } from '@berth/kube/objects';
import type { Call } from '../call.ts';
import type { Reinvocation } from './reinvocation.ts';

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  call: Call;
  /** '' when the request is for the object itself. */
  subresource: string;
  /** Name of the object, '' while it is to be generated. */
  name: string;
  namespace: string;
  /** What is to be written; `admit` may change it or put another in its place. For a delete: what is there. */
  object: KubeObject;
  old: KubeObject | undefined;
  /** Of an update: the whole object as it was sent, with parts that the write does not reach and that `object` has not. */
  sent?: KubeObject;
  dryRun: boolean;
  /** Called once when the outcome is known: `kept` says whether the object was written. For giving back what was reserved. */
  settled: ((kept: boolean) => void)[];
  /** What `object` is when it is not of the resource's own kind: a Scale, an Eviction, the options of an exec. */
  shape?: ValueShape;
  /** `metav1.CreateOptions` and the like, when they are not those of the call. */
  options?: Readonly<Record<string, unknown>>;
  /** Set once somebody from outside, a webhook or a policy, has changed the object, so that it has to be judged anew. */
  isChanged?: boolean;
  /** What those who may be asked a second time have to remember. */
  reinvocation?: Reinvocation;
}

/** The kind of an object that is sent and never stored. */
export interface ValueShape {
  group: string;
  version: string;
  kind: string;
  /** An object of the kind from what a webhook or a policy made of one. Throws `BadRequest`. */
  decode(value: unknown): KubeObject;
}

/** One check or addition that every write goes through. Refuses by throwing a `BerthError`. */
export interface AdmissionPlugin {
  readonly name: string;
  /** `group/resource`, or nothing for every kind. */
  readonly resources?: readonly string[];
  /** Changes the object. Asked a second time when one that is asked later has changed it. */
  admit?(request: AdmissionRequest): void | Promise<void>;
  /** Writes what is the server's own to write, once nobody else changes the object any more. */
  complete?(request: AdmissionRequest): void | Promise<void>;
  /** Writes the status that follows from what is to be kept, after defaults and before validation. */
  derive?(request: AdmissionRequest): void | Promise<void>;
  /** After all changes and after validation. */
  check?(request: AdmissionRequest): void | Promise<void>;
}

type Phase = 'admit' | 'complete' | 'derive' | 'check';

/** The plugins in the order in which they are asked. */
export class Admission {
  readonly #plugins: readonly AdmissionPlugin[];

  constructor(plugins: readonly AdmissionPlugin[]) {
    this.#plugins = plugins;
  }

  async admit(request: AdmissionRequest): Promise<void> {
    await this.#ask('admit', request);
    if (request.reinvocation?.isNeeded) {
      request.reinvocation.begin();
      await this.#ask('admit', request);
    }
    await this.#ask('complete', request);
  }

  async derive(request: AdmissionRequest): Promise<void> {
    await this.#ask('derive', request);
  }

  async check(request: AdmissionRequest): Promise<void> {
    await this.#ask('check', request);
  }

  async #ask(phase: Phase, request: AdmissionRequest): Promise<void> {
    for (const plugin of this.#plugins) {
      if (!plugin[phase] || !concerns(plugin, request)) continue;
      const waiting = plugin[phase](request);
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
