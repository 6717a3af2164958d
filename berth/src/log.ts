import { join } from 'node:path';
import pino, { type Logger } from 'pino';

/** The program's log: JSON lines in `berth.log` of the data directory. Secrets never reach it. */
export function openLog(dataDir: string, level = process.env.BERTH_LOG_LEVEL ?? 'info'): Logger {
  const destination = pino.destination({ dest: join(dataDir, 'berth.log'), mkdir: true, sync: false });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['*.token', '*.authorization', '*.password', '*.key', 'token', 'authorization'],
        censor: '[hidden]',
      },
    },
    destination,
  );
}
