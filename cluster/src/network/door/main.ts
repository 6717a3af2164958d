import { type AddressInfo, createConnection, createServer } from 'node:net';
import type { Answer, Question } from './protocol.ts';

/** A door's other side: opens connections in the network namespace that it was started in, and hands them out as they are. */

/** A connection that nobody answers is given up by then. */
const patience = 10_000;

process.on('message', ({ id, host, port, listen }: Question) => {
  if (listen) return void answerAt(id, { host, port });
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

/** On the port, or any free one when that is taken. What connects is handed out as it is. */
function answerAt(id: number, at: { host: string; port: number }): void {
  const server = createServer({ pauseOnConnect: true }, (socket) => tell({ id }, socket));
  const failed = ({ code = '', message }: NodeJS.ErrnoException) => {
    if (code === 'EADDRINUSE' && at.port !== 0) answerAt(id, { ...at, port: 0 });
    else tell({ id, error: { code, message } });
  };
  server.once('error', failed);
  server.listen(at, () => tell({ id, port: (server.address() as AddressInfo).port }));
}

function tell(answer: Answer, socket?: ReturnType<typeof createConnection>): void {
  process.send?.(answer, socket, {}, () => {});
}
