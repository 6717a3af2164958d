import { resolve } from 'node:path';
import { auditPlace, type Fault, type Verdict, verifyAuditLog } from '@berth/cluster/audit';

interface VerifyOptions {
  dataDir: string;
  auditLogPath?: string;
  output: 'text' | 'json';
}

/** Says of an audit log whether it is what was written; status 1 when it is not. */
export async function verify({ dataDir, auditLogPath, output }: VerifyOptions): Promise<void> {
  const path = auditLogPath === undefined ? undefined : resolve(auditLogPath);
  const verdict = await verifyAuditLog(auditPlace(resolve(dataDir), path));
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
