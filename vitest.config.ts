import { defineConfig } from 'vitest/config';

/** Conditions come in milliseconds, and on a busy machine in seconds. */
const expect = { poll: { timeout: 20_000 } };

const real = { testTimeout: 120_000, hookTimeout: 120_000, expect, fileParallelism: false };

/** `npm test` runs `unit`, beside the code, then `real`, against the real program; with `--long` also what takes minutes each. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{kube,cluster,platform,berth,console,examples}/**/*.test.{ts,tsx}'],
          exclude: ['**/node_modules/**', '**/*.real.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 30_000,
          expect,
        },
      },
      {
        // Needs root, containerd and nftables; one file at a time, since containers and rules are the machine's.
        test: {
          ...real,
          name: 'real',
          include: ['{cluster,berth}/**/*.real.test.ts', 'e2e/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/*.long.test.ts'],
        },
      },
      {
        test: { ...real, name: 'long', include: ['e2e/**/*.long.test.ts'], exclude: ['**/node_modules/**'] },
      },
    ],
  },
});
