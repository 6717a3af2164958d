import { runtimeConformance } from '../conformance.ts';
import { createSimulatedRuntime } from './index.ts';

runtimeConformance('simulated', async () => {
  const runtime = createSimulatedRuntime({
    images: ['berth.local/busybox:1'],
    program: (config) => (config.command[0] === 'fails' ? { endsAfter: 1, exitCode: 3 } : undefined),
  });
  return {
    runtime,
    image: 'berth.local/busybox:1',
    program: (behaviour) => ({ command: [behaviour] }),
    logDirectory: '/nowhere',
    cgroupParent: '/nowhere',
    withoutProcesses: 'a simulated container has no processes',
    async [Symbol.asyncDispose]() {
      runtime.close();
    },
  };
});
