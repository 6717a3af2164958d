/** The file that audit events go to, and how to tell whether it is what was written. */

export type { FieldChange } from './changes.ts';
export type { AuditEvent } from './event.ts';
export type { LogLimits } from './files.ts';
export { type AuditLog, type AuditLogCounts, type AuditLogOptions, openAuditLog } from './log.ts';
export { type AuditPlace, auditPlace } from './place.ts';
export { type AuditFilter, type Found, queryAuditLog } from './query.ts';
export { type Fault, type Verdict, verifyAuditLog } from './verify.ts';
