export type LogLevel = 'info' | 'warn' | 'error';

/** Writes one event. Members are plain data; a trace id makes the line findable from its trace. */
export type Log = (level: LogLevel, message: string, members?: Readonly<Record<string, unknown>>) => void;

/** One JSON line per event on standard output, where a cluster collects it. */
export function jsonLog(service: string, write: (line: string) => void): Log {
  return (level, message, members = {}) => {
    write(`${JSON.stringify({ time: new Date().toISOString(), level, service, message, ...members })}\n`);
  };
}
