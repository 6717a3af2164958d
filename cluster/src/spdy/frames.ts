/** Frames of SPDY/3.1. Integers are big-endian; a control frame has the top bit of its first word set. */

export type Frame =
  | { type: 'open'; stream: number; headers: Buffer; fin: boolean }
  | { type: 'data'; stream: number; data: Buffer; fin: boolean }
  | { type: 'reset'; stream: number }
  | { type: 'ping'; id: number }
  | { type: 'go-away' }
  | { type: 'other'; stream: number };

const version = 0x8003;
const control = { synStream: 1, synReply: 2, reset: 3, ping: 6, goAway: 7 };
const finFlag = 0x01;

/** A parser for one direction of one connection: give it chunks as they come, get the frames they complete. */
export function frames(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const found: Frame[] = [];
    while (rest.length >= 8) {
      const length = rest.readUIntBE(5, 3);
      if (rest.length < 8 + length) break;
      found.push(parseFrame(rest.subarray(0, 8), rest.subarray(8, 8 + length)));
      rest = rest.subarray(8 + length);
    }
    return found;
  };
}

function parseFrame(header: Buffer, body: Buffer): Frame {
  const fin = ((header[4] ?? 0) & finFlag) !== 0;
  const word = header.readUInt32BE(0);
  if (word < 0x8000_0000) return { type: 'data', stream: word, data: body, fin };
  const type = word & 0xffff;
  if (type === control.goAway) return { type: 'go-away' };
  const subject = body.length >= 4 ? body.readUInt32BE(0) : 0;
  if (type === control.ping) return { type: 'ping', id: subject };
  if (type === control.synStream && body.length >= 10) {
    return { type: 'open', stream: subject, headers: body.subarray(10), fin };
  }
  if (type === control.reset) return { type: 'reset', stream: subject };
  // What a reply says in its headers is not needed, but it may close the stream at once.
  if (type === control.synReply && fin) return { type: 'data', stream: subject, data: Buffer.alloc(0), fin };
  return { type: 'other', stream: subject };
}

function controlFrame(type: number, flags: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt16BE(version, 0);
  header.writeUInt16BE(type, 2);
  header.writeUInt8(flags, 4);
  header.writeUIntBE(body.length, 5, 3);
  return Buffer.concat([header, body]);
}

const words = (...values: number[]): Buffer => {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) buffer.writeUInt32BE(value, index * 4);
  return buffer;
};

export const pingFrame = (id: number): Buffer => controlFrame(control.ping, 0, words(id));
export const goAwayFrame = (lastStream: number): Buffer => controlFrame(control.goAway, 0, words(lastStream, 0));
/** Status 5 is CANCEL. */
export const resetFrame = (stream: number): Buffer => controlFrame(control.reset, 0, words(stream, 5));

export function dataFrame(stream: number, data: Buffer, fin: boolean): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32BE(stream, 0);
  header.writeUInt8(fin ? finFlag : 0, 4);
  header.writeUIntBE(data.length, 5, 3);
  return Buffer.concat([header, data]);
}

/** `first`: whether this is the connection's first header block, which begins the compressed stream they all share. */
export function synStreamFrame(stream: number, headers: Record<string, string>, first: boolean): Buffer {
  const priority = Buffer.alloc(2);
  return controlFrame(
    control.synStream,
    0,
    Buffer.concat([words(stream, 0), priority, storedBlock(headerBlock(headers), first)]),
  );
}

/** Accepts a stream that the other side opened; without headers of its own. */
export function synReplyFrame(stream: number, first: boolean): Buffer {
  return controlFrame(control.synReply, 0, Buffer.concat([words(stream), storedBlock(headerBlock({}), first)]));
}

function headerBlock(headers: Record<string, string>): Buffer {
  const entries = Object.entries(headers);
  const parts = [words(entries.length)];
  for (const [name, value] of entries) {
    const [key, text] = [Buffer.from(name.toLowerCase()), Buffer.from(value)];
    parts.push(words(key.length), key, words(text.length), text);
  }
  return Buffer.concat(parts);
}

/**
 * A zlib stream of stored blocks (RFC 1951, 3.2.4): the few headers are not worth a compressor, and a stream that does
 * not name SPDY's dictionary need not use it. The empty block at the end makes the reader hand out what it has.
 */
function storedBlock(block: Buffer, first: boolean): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt16LE(block.length, 1);
  head.writeUInt16LE(~block.length & 0xffff, 3);
  const flush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);
  return Buffer.concat([first ? Buffer.from([0x78, 0x01]) : Buffer.alloc(0), head, block, flush]);
}
