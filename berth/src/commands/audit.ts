import { resolve } from 'node:path';
import {
  type AuditFilter,
  auditPlace,
  type Fault,
  queryAuditLog,
  type Verdict,
  verifyAuditLog,
} from '@berth/cluster/audit';
import { auditTable } from '../audit-table.ts';

interface LogOptions {
  dataDir: string;
  auditLogPath?: string;
  output: 'text' | 'json';
}

interface QueryOptions extends LogOptions, Omit<AuditFilter, 'verbs'> {
  verb?: string;
}

const changing = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/** Prints who did what: as a table with the fields that were changed, or as one event a line. */
export async function query({ output, verb, ...options }: QueryOptions): Promise<void> {
  const { dataDir, auditLogPath, ...filter } = options;
  const { path } = placeOf({ dataDir, auditLogPath });
  const verbs = verb === 'all' ? {} : { verbs: verb?.split(',') ?? changing };
  const found = await queryAuditLog(path, { ...filter, ...verbs });
  if (output === 'json') for (const { event, changes } of found) console.log(JSON.stringify({ ...event, changes }));
  else if (found.length === 0) console.error('nothing in the audit log fits: see "berth audit --help"');
  else for (const line of auditTable(found)) console.log(line);
}

function placeOf({ dataDir, auditLogPath }: Pick<LogOptions, 'dataDir'> & { auditLogPath?: string | undefined }) {
  return auditPlace(resolve(dataDir), auditLogPath === undefined ? undefined : resolve(auditLogPath));
}

/** Says of an audit log whether it is what was written; status 1 when it is not. */
export async function verify({ output, ...options }: LogOptions): Promise<void> {
  const verdict = await verifyAuditLog(placeOf(options));
  console.log(output === 'json' ? JSON.stringify(verdict) : lines(verdict).join('\n'));
  if (verdict.faults.length > 0) process.exitCode = 1;
}

function lines({ files, good, lost, faults, remarks }: Verdict): string[] {
  const counted = `${good} records in ${files} ${files === 1 ? 'file' : 'files'}`;
  return [
    ...faults.map(shown),
    ...remarks,
    ...(lost > 0 ? [`${lost} records could not be written: the disk was full or too slow`] : []),
    faults.length === 0
      ? `${counted}: each is what was written, and none is missing.`
      : `${counted} are as they were written; the above are not.`,
  ];
}

function shown({ file, line, problem }: Fault): string {
  return file === undefined ? problem : `${file}:${line}: ${problem}`;
}
