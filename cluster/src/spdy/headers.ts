import { createInflate, type Inflate } from 'node:zlib';
import { BerthError } from '@berth/kube/errors';

/** Each with its length before it, 32 bits, big-endian. SPDY Protocol Draft 3, section 2.6.10.1. */
const words = [
  ...['options', 'head', 'post', 'put', 'delete', 'trace', 'accept', 'accept-charset', 'accept-encoding'],
  ...['accept-language', 'accept-ranges', 'age', 'allow', 'authorization', 'cache-control', 'connection'],
  ...['content-base', 'content-encoding', 'content-language', 'content-length', 'content-location', 'content-md5'],
  ...['content-range', 'content-type', 'date', 'etag', 'expect', 'expires', 'from', 'host', 'if-match'],
  ...['if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'location'],
  ...['max-forwards', 'pragma', 'proxy-authenticate', 'proxy-authorization', 'range', 'referer', 'retry-after'],
  ...['server', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'vary', 'via', 'warning'],
  ...['www-authenticate', 'method', 'get', 'status', '200 OK', 'version', 'HTTP/1.1', 'url', 'public'],
  ...['set-cookie', 'keep-alive', 'origin'],
];
const tail =
  '100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505' +
  '203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized' +
  '403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable' +
  'Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT' +
  'chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,' +
  'text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.';
/** Also what zlib's stream holds before it waits for a reader: a larger block is never finished, and so never answered. */
const largestBlock = 16 * 1024;

/** The dictionary that both ends prime their compressors with. */
export function headerDictionary(): Buffer {
  const parts = words.flatMap((word) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(word.length);
    return [length, Buffer.from(word, 'latin1')];
  });
  return Buffer.concat([...parts, Buffer.from(tail, 'latin1')]);
}

/** Reads the header blocks of one direction of a connection, in order: they are one compressed stream. */
export class HeaderReader {
  readonly #inflate: Inflate = createInflate({ dictionary: headerDictionary() });

  /** Names are lower case. Rejects with `BadRequest` when the block is damaged or larger than 16 KiB. */
  read(block: Buffer): Promise<Map<string, string>> {
    return new Promise((resolve, reject) => {
      const fail = (cause: Error) => reject(new BerthError('BadRequest', 'a SPDY header block is damaged', { cause }));
      this.#inflate.once('error', fail);
      this.#inflate.write(block, () => {
        this.#inflate.off('error', fail);
        const plain = this.#inflate.read() as Buffer | null;
        try {
          resolve(parse(plain ?? Buffer.alloc(0)));
        } catch (error) {
          fail(error as Error);
        }
      });
    });
  }

  close(): void {
    this.#inflate.on('error', () => {});
    this.#inflate.destroy();
  }
}

function parse(plain: Buffer): Map<string, string> {
  if (plain.length > largestBlock) throw new RangeError('too large');
  const headers = new Map<string, string>();
  let at = 4;
  const text = () => {
    const length = plain.readUInt32BE(at);
    const start = at + 4;
    at = start + length;
    if (at > plain.length) throw new RangeError('cut off');
    return plain.toString('latin1', start, at);
  };
  for (let left = plain.readUInt32BE(0); left > 0; left -= 1) {
    const name = text().toLowerCase();
    headers.set(name, text());
  }
  return headers;
}
