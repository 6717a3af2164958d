import { BerthError } from '@berth/kube/errors';
import { requestSignInLink } from '../control.ts';
import { runningInstance } from '../instance.ts';

export async function console(options: { dataDir: string }): Promise<void> {
  const record = runningInstance(options.dataDir);
  if (!record) throw new BerthError('NotFound', `no Berth runs on ${options.dataDir}: start it with "berth up"`);
  process.stdout.write(`${await requestSignInLink(record.controlSocket)}\n`);
}
