export { Audit, newAuditID } from './audit.ts';
export * from './log/index.ts';
export { type AuditSettings, openAudit, usualAuditLimits } from './open.ts';
export type { AuditOptions } from './options.ts';
export { loadPolicy, usualPolicy } from './policy-file.ts';
export type { AuditRecord } from './record.ts';
export { requested, requestedOf } from './requested.ts';
export type { AuditSink, EventText } from './sink.ts';
export { givenAuditID, type Origin, originOf } from './source.ts';
