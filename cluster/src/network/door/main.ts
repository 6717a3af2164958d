import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';
import type { Answer, Listening, Question } from './protocol.ts';

/** A door's other side: opens connections in the network namespace that it was started in, and hands them out as they are. */

/** A connection that nobody answers is given up by then. */
const patience = 10_000;

const servers = new Map<number, Server>();

process.on('message', (question: Question) => {
  const { id } = question;
  // What Node refuses at once, a port that there cannot be, is an answer as well, and ends no other connection.
  try {
    if ('end' in question) servers.get(id)?.close();
    else if (question.listen) answerAt(id, question, question.listen);
    else connectTo(id, question);
  } catch (error) {
    tell({ id, error: asAnswer(error as NodeJS.ErrnoException) });
  }
});
// Whoever asked is gone, however it ended.
process.on('disconnect', () => process.exit(0));

function connectTo(id: number, { host, port }: { host: string; port: number }): void {
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
    tell({ id, error: asAnswer(error) });
  });
}

/** What connects is handed out as it is. */
function answerAt(id: number, { host, port }: { host: string; port: number }, how: Listening): void {
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {});
    tell({ id }, socket);
  });
  servers.set(id, server);
  server.on('error', (error: NodeJS.ErrnoException) => {
    // No further connection can be taken for a while.
    if (server.listening) return;
    if (error.code === 'EADDRINUSE' && how === 'somewhere' && port !== 0) answerAt(id, { host, port: 0 }, how);
    else tell({ id, error: asAnswer(error) });
  });
  server.listen({ host, port }, () => tell({ id, port: (server.address() as AddressInfo).port }));
}

const asAnswer = ({ code = '', message }: NodeJS.ErrnoException) => ({ code, message });

function tell(answer: Answer, socket?: Socket): void {
  process.send?.(answer, socket, {}, () => {});
}
