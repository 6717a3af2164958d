import { createConnection } from 'node:net';
import type { Answer, Question } from './protocol.ts';

/** A door's other side: opens connections in the network namespace that it was started in, and hands them out as they are. */

/** A connection that nobody answers is given up by then. */
const patience = 10_000;

process.on('message', ({ id, host, port }: Question) => {
  const socket = createConnection({ host, port, noDelay: true });
  // Whatever the peer says is for the one who gets the connection.
  socket.pause();
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error(`connect ETIMEDOUT ${host}:${port}`), { code: 'ETIMEDOUT' }));
  }, patience);
  socket.once('connect', () => {
    clearTimeout(timer);
    tell({ id }, socket);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer);
    tell({ id, error: { code: error.code ?? '', message: error.message } });
  });
});
// Whoever asked is gone, however it ended.
process.on('disconnect', () => process.exit(0));

function tell(answer: Answer, socket?: ReturnType<typeof createConnection>): void {
  process.send?.(answer, socket, {}, () => {});
}
