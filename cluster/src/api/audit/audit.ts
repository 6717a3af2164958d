import { randomUUID } from 'node:crypto';
import { type AuditedRequest, type Level, type Scope, scopesOf } from '@berth/kube/audit';
import { statusOf } from '@berth/kube/errors';
import { MicroClock } from './clock.ts';
import type { AuditOptions } from './options.ts';
import { AuditRecord } from './record.ts';
import type { Requested } from './requested.ts';
import type { AuditSink, EventText } from './sink.ts';
import type { Origin } from './source.ts';

/** Decides by the policy what is recorded of each request. */
export class Audit {
  readonly #scope: (request: AuditedRequest) => Scope;
  readonly #sink: AuditSink;
  readonly #clock = new MicroClock();
  readonly #levels = new Map<Level, number>();
  #events = 0;
  readonly #emit = (event: EventText) => {
    this.#events++;
    this.#sink.write(event);
  };

  constructor({ policy, sink }: AuditOptions) {
    this.#scope = scopesOf(policy);
    this.#sink = sink;
  }

  /** In Prometheus' text format, under kube-apiserver's names. */
  metrics(): string[] {
    const levels = [...this.#levels].map(([level, count]) => `apiserver_audit_level_total{level="${level}"} ${count}`);
    const errors = Object.entries(this.#sink.lost).map(
      ([plugin, count]) => `apiserver_audit_error_total{plugin="${plugin}"} ${count}`,
    );
    return [
      '# TYPE apiserver_audit_event_total counter',
      `apiserver_audit_event_total ${this.#events}`,
      '# TYPE apiserver_audit_level_total counter',
      ...levels,
      '# TYPE apiserver_audit_error_total counter',
      ...errors,
    ];
  }

  /** The record of a request whose sender is known; undefined when nothing of it is wanted. */
  begin(asked: Requested, origin: () => Origin): AuditRecord | undefined {
    const record = this.#record(asked, origin);
    record?.received();
    return record;
  }

  /** Records one whose sender could not be found out: nobody's, and of one stage. */
  refused(asked: Requested, origin: () => Origin, error: unknown): void {
    const status = statusOf(error);
    const record = this.#record(asked, origin);
    record?.failed(status);
    record?.started(status.code);
  }

  #record(asked: Requested, origin: () => Origin): AuditRecord | undefined {
    const scope = this.#scope(asked);
    const { level } = scope;
    this.#levels.set(level, (this.#levels.get(level) ?? 0) + 1);
    if (level === 'None') return undefined;
    return new AuditRecord({ asked, origin: origin(), scope, emit: this.#emit, clock: this.#clock });
  }

  close(): Promise<void> {
    return this.#sink.close();
  }
}

export function newAuditID(): string {
  return randomUUID();
}
