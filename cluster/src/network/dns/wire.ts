/** The few things of a DNS message (RFC 1035, section 4) that must be done on its bytes, without decoding all of it. */

export const headerLength = 12;

/** Where the time to live of each record stands, except of the pseudo-record OPT. Throws on a malformed message. */
export function ttlOffsets(message: Buffer): number[] {
  const offsets: number[] = [];
  let at = headerLength;
  for (let questions = message.readUInt16BE(4); questions > 0; questions -= 1) at = skipName(message, at) + 4;
  let records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  for (; records > 0; records -= 1) {
    at = skipName(message, at);
    if (message.readUInt16BE(at) !== 41) offsets.push(at + 4);
    at += 10 + message.readUInt16BE(at + 8);
  }
  return offsets;
}

/**
 * The same message with every record's owner that is the question's name as a pointer to it (RFC 1035, section 4.1.4).
 * For messages without any pointers yet: what stands in the data of records must not move.
 */
export function withPointers(message: Buffer): Buffer {
  const questionEnd = skipName(message, headerLength);
  const question = message.subarray(headerLength, questionEnd);
  const pieces: Buffer[] = [message.subarray(0, questionEnd + 4)];
  const pointer = Buffer.from([0xc0, headerLength]);
  let at = questionEnd + 4;
  while (at < message.length) {
    const ownerEnd = skipName(message, at);
    const end = ownerEnd + 10 + message.readUInt16BE(ownerEnd + 8);
    const owner = message.subarray(at, ownerEnd);
    pieces.push(owner.length > 2 && owner.equals(question) ? pointer : owner, message.subarray(ownerEnd, end));
    at = end;
  }
  return Buffer.concat(pieces);
}

function skipName(message: Buffer, start: number): number {
  let at = start;
  for (;;) {
    const length = message.readUInt8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2;
    at += length + 1;
  }
}

/** 0 is NOERROR, 3 is NXDOMAIN. */
export function rcodeOf(message: Buffer): number {
  return message.readUInt8(3) & 0x0f;
}

export function isTruncated(message: Buffer): boolean {
  return (message.readUInt8(2) & 0x02) !== 0;
}

/** The header and question of a query as an answer with this code and nothing else. */
export function emptyAnswer(query: Buffer, rcode: number): Buffer {
  let end = headerLength;
  try {
    end = query.readUInt16BE(4) === 1 ? skipName(query, headerLength) + 4 : headerLength;
  } catch {
    end = headerLength;
  }
  const answer = Buffer.alloc(end);
  query.copy(answer, 0, 0, end);
  answer.writeUInt8(0x80 | (query.readUInt8(2) & 0x79), 2);
  answer.writeUInt8(0x80 | rcode, 3);
  answer.writeUInt16BE(end > headerLength ? 1 : 0, 4);
  answer.fill(0, 6, headerLength);
  return answer;
}

/** A message as it goes over TCP: after its length. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(message.length + 2);
  frame.writeUInt16BE(message.length, 0);
  message.copy(frame, 2);
  return frame;
}

/** Splits a TCP stream into messages. */
export function messageSplitter(onMessage: (message: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0);
      onMessage(rest.subarray(2, end));
      rest = rest.subarray(end);
    }
  };
}
