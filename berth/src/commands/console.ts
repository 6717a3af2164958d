import { callControl } from '../control.ts';
import { requireRunning } from '../instance.ts';

export async function console(options: { dataDir: string }): Promise<void> {
  const { controlSocket } = requireRunning(options.dataDir);
  const { link } = await callControl<{ link: string }>(controlSocket, '/sign-in-link');
  process.stdout.write(`${link}\n`);
}
