import type { EncryptionControl, Machines } from '@berth/cluster';
import type { Portal } from '@berth/platform/portal';
import type { Logger } from 'pino';
import { serveControl } from './control.ts';
import { sentenceOf } from './failure.ts';
import { controlSocketPath, processStart, removeRecord, writeRecord } from './instance.ts';
import { version } from './version.ts';

/** What makes a running Berth known to `status`, `console`, `image`, `secrets` and `down` of the same data directory. */
export async function announce(options: {
  dataDir: string;
  portal: Portal;
  kubeconfig: string;
  apiUrl?: string;
  importImage(file: string): Promise<void>;
  machines?: Machines;
  encryption?: EncryptionControl;
}): Promise<AsyncDisposable> {
  const { dataDir, portal, kubeconfig, apiUrl, importImage, machines, encryption } = options;
  const controlSocket = controlSocketPath(dataDir);
  const control = await serveControl(controlSocket, {
    signInLink: () => portal.signInLink(),
    importImage,
    ...(machines ? { machines } : {}),
    ...(encryption ? { encryption } : {}),
  });
  writeRecord(dataDir, {
    pid: process.pid,
    started: processStart(process.pid) ?? '',
    version,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    consoleUrl: portal.url,
    kubeconfig,
    controlSocket,
  });
  return {
    async [Symbol.asyncDispose]() {
      await control.close();
      removeRecord(dataDir);
    },
  };
}

/** A fault of ours in some corner must not take the whole program down; it is logged whole. */
export function logUnexpected(logger: Logger): void {
  process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    logger.fatal({ err: error }, 'uncaught exception');
    process.stderr.write(`berth: ${sentenceOf(error)}; the details are in the log ("berth logs")\n`);
    process.exit(1);
  });
}
