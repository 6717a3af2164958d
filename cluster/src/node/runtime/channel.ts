/** Values pushed by callbacks, read in order by one `for await`. */
export interface Channel<T> extends AsyncIterable<T> {
  push(value: T): void;
  fail(error: unknown): void;
  end(): void;
}

export function channel<T>(): Channel<T> {
  const values: T[] = [];
  let finished: { error?: unknown } | undefined;
  let wake = () => {};
  return {
    push(value) {
      values.push(value);
      wake();
    },
    fail(error) {
      finished ??= { error };
      wake();
    },
    end() {
      finished ??= {};
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        while (values.length > 0) yield values.shift() as T;
        if (finished) {
          if ('error' in finished) throw finished.error;
          return;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
