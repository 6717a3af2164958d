import { randomUUID } from 'node:crypto';
import { type AuditedRequest, type Scope, scopesOf } from '@berth/kube/audit';
import { statusOf } from '@berth/kube/errors';
import { MicroClock } from './clock.ts';
import type { AuditOptions } from './options.ts';
import { AuditRecord } from './record.ts';
import type { Requested } from './requested.ts';
import type { AuditSink } from './sink.ts';
import type { Origin } from './source.ts';

/** Decides by the policy what is recorded of each request. */
export class Audit {
  readonly #scope: (request: AuditedRequest) => Scope;
  readonly #sink: AuditSink;
  readonly #clock = new MicroClock();

  constructor({ policy, sink }: AuditOptions) {
    this.#scope = scopesOf(policy);
    this.#sink = sink;
  }

  /** The record of a request whose sender is known; undefined when nothing of it is wanted. */
  begin(asked: Requested, origin: () => Origin): AuditRecord | undefined {
    const scope = this.#scope(asked);
    if (scope.level === 'None') return undefined;
    const record = new AuditRecord({ asked, origin: origin(), scope, sink: this.#sink, clock: this.#clock });
    record.received();
    return record;
  }

  /** Records one whose sender could not be found out: nobody's, and of one stage. */
  refused(asked: Requested, origin: () => Origin, error: unknown): void {
    const scope = this.#scope(asked);
    if (scope.level === 'None') return;
    const record = new AuditRecord({ asked, origin: origin(), scope, sink: this.#sink, clock: this.#clock });
    const status = statusOf(error);
    record.failed(status);
    record.started(status.code);
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

export function newAuditID(): string {
  return randomUUID();
}
