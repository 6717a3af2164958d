import type { Policy } from '@berth/kube/audit';
import type { Logger } from 'pino';
import { auditPlace, type LogLimits, openAuditLog } from './log/index.ts';
import type { AuditOptions } from './options.ts';
import { usualPolicy } from './policy-file.ts';

/** What is recorded, and where; each with a default. */
export interface AuditSettings {
  policy?: Policy;
  /** The log's file. */
  path?: string;
  limits?: Partial<LogLimits>;
  /** A kubeconfig file that names where events are sent as well. */
  webhook?: string;
}

const day = 24 * 3_600_000;
const megabyte = 1024 * 1024;

/** What the benchmarks of the Center for Internet Security ask for: 100 MB a file, ten of them, a month. */
export const usualAuditLimits: LogLimits = { maxSize: 100 * megabyte, maxAge: 30 * day, maxBackups: 10 };

/** Opens the audit log of a data directory, for an API server to close. Rejects with a `BerthError` that says why not. */
export async function openAudit(dataDir: string, settings: AuditSettings, logger: Logger): Promise<AuditOptions> {
  const limits = { ...usualAuditLimits, ...settings.limits };
  const webhook = settings.webhook === undefined ? {} : { webhook: settings.webhook };
  const sink = await openAuditLog({ ...auditPlace(dataDir, settings.path), ...webhook, limits, logger });
  return { policy: settings.policy ?? usualPolicy(), sink };
}
