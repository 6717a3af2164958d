import { mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import pino, { type DestinationStream, type Logger } from 'pino';

/** The program's log: JSON lines in `berth.log` of the data directory. Secrets never reach it. */
export function openLog(dataDir: string, level = process.env.BERTH_LOG_LEVEL ?? 'info'): Logger {
  mkdirSync(dataDir, { recursive: true });
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
    linesIn(join(dataDir, 'berth.log')),
  );
}

/**
 * Appends lines to a file at once, and does without those that the disk has no room for: pino's own destination ends the program then, or
 * waits for room with all else standing still. How many were lost is told by the next line that is written.
 */
function linesIn(file: string): DestinationStream {
  const fd = openSync(file, 'a', 0o640);
  let lost = 0;
  let torn = false;

  function append(text: string): void {
    const bytes = Buffer.from(torn ? `\n${text}` : text);
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(fd, bytes, at);
      torn = at < bytes.length;
    }
  }
  return {
    write(line) {
      try {
        if (lost > 0)
          append(`${JSON.stringify({ level: 50, time: new Date().toISOString(), msg: lostMessage(lost) })}\n`);
        lost = 0;
        append(line);
      } catch {
        lost += 1;
      }
    },
  };
}

const lostMessage = (lines: number): string => `${lines} lines of this log were lost: they could not be written`;
