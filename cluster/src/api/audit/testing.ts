import type { AuditSink, EventText, Json } from './sink.ts';

/** What tests look at of an event of `audit.k8s.io/v1`. */
export interface AuditEvent {
  level: string;
  auditID: string;
  stage: string;
  requestURI: string;
  verb: string;
  user: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> };
  impersonatedUser?: AuditEvent['user'];
  sourceIPs: string[];
  userAgent?: string;
  objectRef?: Record<string, string>;
  responseStatus?: Record<string, unknown> & { code?: number };
  requestObject?: Record<string, unknown>;
  responseObject?: Record<string, unknown>;
  requestReceivedTimestamp: string;
  stageTimestamp: string;
  annotations: Record<string, string>;
}

/** Keeps events in memory. */
export class MemorySink implements AuditSink {
  readonly events: AuditEvent[] = [];
  readonly lost = { log: 0 };

  write({ head, request, response, tail }: EventText): void {
    const body = (name: string, json: Json | undefined) =>
      json === undefined ? '' : `"${name}":${typeof json === 'string' ? json : Buffer.concat(json)},`;
    const text = `${head}${body('requestObject', request)}${body('responseObject', response)}${tail.replace(/,$/, '')}}}`;
    this.events.push(JSON.parse(text) as AuditEvent);
  }

  async close(): Promise<void> {}
}
