import { clientBinary } from '../clients.ts';
import { runForeground } from '../foreground.ts';
import { kubeconfigFile } from './kubeconfig.ts';

export async function kubectl(args: readonly string[], options: { dataDir: string }): Promise<void> {
  const env = { ...process.env, KUBECONFIG: kubeconfigFile(options.dataDir) };
  process.exitCode = await runForeground(clientBinary('kubectl'), args, env);
}
