import type { IncomingMessage } from 'node:http';
import { HttpError } from './http-error.ts';

const bodyLimit = 64 * 1024;

export async function readJson(message: IncomingMessage): Promise<unknown> {
  const text = await readText(message, 'application/json');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new HttpError(400, `the body is not JSON: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

export async function readForm(message: IncomingMessage): Promise<URLSearchParams> {
  return new URLSearchParams(await readText(message, 'application/x-www-form-urlencoded'));
}

async function readText(message: IncomingMessage, type: string): Promise<string> {
  const given = message.headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (given !== type) throw new HttpError(415, `the body must be ${type}`);
  const tooLarge = () => new HttpError(413, `the body is larger than ${bodyLimit} bytes`);
  if (Number(message.headers['content-length'] ?? 0) > bodyLimit) throw tooLarge();
  const content = await readAll(message, tooLarge);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch (cause) {
    throw new HttpError(400, 'the body is not UTF-8', { cause });
  }
}

/** Reads by hand: leaving an async iteration early would destroy the connection, and with it the answer. */
function readAll(message: IncomingMessage, tooLarge: () => HttpError): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyLimit) chunks.push(chunk);
      else {
        message.removeAllListeners('data').pause();
        reject(tooLarge());
      }
    });
    message.once('end', () => resolve(Buffer.concat(chunks)));
    message.once('error', (cause) => reject(new HttpError(400, 'the body broke off', { cause })));
  });
}
