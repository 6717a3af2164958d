/** Asks for a connection, or to listen for some. */
export interface Question {
  id: number;
  listen?: true;
  host: string;
  port: number;
}

/** The connection comes with it, unless there is an error. Whoever listens is told the port first, and then each connection. */
export interface Answer {
  id: number;
  port?: number;
  error?: { code: string; message: string };
}
