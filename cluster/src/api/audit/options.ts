import type { Policy } from '@berth/kube/audit';
import type { AuditSink } from './sink.ts';

export interface AuditOptions {
  policy: Policy;
  sink: AuditSink;
}
