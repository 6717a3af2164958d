/** Asks for a connection. */
export interface Question {
  id: number;
  host: string;
  port: number;
}

/** The connection comes with it, unless there is an error. */
export interface Answer {
  id: number;
  error?: { code: string; message: string };
}
