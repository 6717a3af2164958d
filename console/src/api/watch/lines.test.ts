import { expect, it } from 'vitest';
import { linesOf } from './lines.ts';

it('puts lines together over any cut of the bytes, in the middle of a character too', async () => {
  const text = '{"名":"第一"}\n\nsecond\nlast without end';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, 100]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    const lines: string[] = [];
    for await (const batch of linesOf(body)) lines.push(...batch);
    expect(lines).toEqual(text.split('\n'));
  }
});

it('lets go of the stream when the reader stops', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode('line\n')),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const lines of linesOf(body)) {
    expect(lines).toEqual(['line']);
    break;
  }
  expect(cancelled).toBe(true);
});
