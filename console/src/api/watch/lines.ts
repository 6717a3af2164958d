/** The lines of a streamed answer, without their ends; a last line without an end comes when the stream closes. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      if (done) {
        if (rest !== '') lines.push(rest);
        if (lines.length > 0) yield lines;
        return;
      }
      if (lines.length > 0) yield lines;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
