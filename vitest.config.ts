import { defineConfig } from 'vitest/config';

/** Conditions come in milliseconds, and on a busy machine in seconds. */
const expect = { poll: { timeout: 20_000 } };

/** Three projects, run in this order by `npm test`: `unit` beside the code, then `e2e` against the real program. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{kube,cluster,platform,berth,console,examples}/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', '**/*.real.test.ts'],
          testTimeout: 30_000,
          expect,
        },
      },
      {
        // Needs root, containerd and nftables; one file at a time, since containers and rules are the machine's.
        test: {
          name: 'real',
          include: ['{cluster,berth}/**/*.real.test.ts', 'e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          testTimeout: 120_000,
          expect,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
