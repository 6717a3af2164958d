/** Asks for a connection, to listen for some, or to listen no more. */
export type Question = { id: number; host: string; port: number; listen?: Listening } | { id: number; end: true };

/** On this port or any free one when it is taken, or on no other. */
export type Listening = 'somewhere' | 'there';

/** The connection comes with it, unless there is an error. Whoever listens is told the port first, and then each connection. */
export interface Answer {
  id: number;
  port?: number;
  error?: { code: string; message: string };
}
