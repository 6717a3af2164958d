/**
 * Splits a stream of bytes into lines. Works on bytes and decodes whole lines only, so that a chunk may end anywhere:
 * inside an event, or inside a character. What follows the last newline is given at the end, when it is not empty.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Kept as parts: joining at every chunk would cost the square of a large event's size.
  let parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      parts.push(chunk.subarray(start, end));
      start = end + 1;
      const line = decoder.decode(join(parts));
      parts = [];
      if (line.trim() !== '') yield line;
    }
    if (start < chunk.length) parts.push(chunk.subarray(start));
  }
  const rest = decoder.decode(join(parts));
  if (rest.trim() !== '') yield rest;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
}
