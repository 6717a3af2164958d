/** At most so many at a time; the rest wait in order. */
export function limited(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let first = 0;
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      // Taken from the front without moving the rest: ten thousand may wait.
      const next = waiting[first++];
      if (first === waiting.length) {
        waiting.length = 0;
        first = 0;
      }
      next?.();
    }
  };
}
