import { defineConfig } from 'vitest/config';

/** Conditions come in milliseconds, and on a busy machine in seconds. */
const expect = { poll: { timeout: 20_000 } };

const both = { maxWorkers: 2, exclude: ['**/node_modules/**'] };
/** Against the real program: needs root, containerd and nftables. */
const real = { ...both, testTimeout: 120_000, hookTimeout: 120_000, expect };
const browser = ['e2e/console.test.ts'];

/**
 * `npm test` runs `unit`, beside the code, together with `browser`, then `real`; with `--long` also what takes minutes each. A browser takes
 * what `real` does to the machine's network for a change of its own, and drops its connections: hence never those two at once.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...both,
          name: 'unit',
          include: ['{kube,cluster,platform,berth,console,examples}/**/*.test.{ts,tsx}'],
          exclude: [...both.exclude, '**/*.real.test.ts'],
          // No test keeps anything in a module, and most of the time went into reading the same modules again for each file.
          isolate: false,
          // A test that fails leaves its spies to no other.
          restoreMocks: true,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          expect,
        },
      },
      { test: { ...real, name: 'browser', include: browser } },
      {
        test: {
          ...real,
          name: 'real',
          include: ['{cluster,berth}/**/*.real.test.ts', 'e2e/**/*.test.ts'],
          exclude: [...real.exclude, '**/*.long.test.ts', ...browser],
        },
      },
      { test: { ...real, name: 'long', include: ['e2e/**/*.long.test.ts'], fileParallelism: false } },
    ],
  },
});
