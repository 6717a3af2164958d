import type { Machine } from '@berth/cluster';
import { callControl } from '../control.ts';
import { requireRunning } from '../instance.ts';

/** Prints the nodes that run containers, and whether each is switched on. */
export async function list(options: { dataDir: string; output: 'text' | 'json' }): Promise<void> {
  const { nodes } = await call(options.dataDir, '/nodes');
  if (options.output === 'json') return globalThis.console.log(JSON.stringify(nodes, null, 2));
  const width = Math.max(4, ...nodes.map(({ name }) => name.length));
  globalThis.console.log(`${'NODE'.padEnd(width)}  STATE`);
  for (const { name, state } of nodes) globalThis.console.log(`${name.padEnd(width)}  ${state}`);
}

/** Stops a node as when its power is cut. */
export async function stop(name: string, options: { dataDir: string }): Promise<void> {
  await call(options.dataDir, '/nodes/stop', { name });
  globalThis.console.log(`Node ${name} is off; its containers are lost. "berth node start ${name}" brings it back.`);
}

/** Starts a stopped node; returns when it is ready. */
export async function start(name: string, options: { dataDir: string }): Promise<void> {
  await call(options.dataDir, '/nodes/start', { name });
  globalThis.console.log(`Node ${name} is on.`);
}

function call(dataDir: string, path: string, body: object = {}): Promise<{ nodes: Machine[] }> {
  return callControl(requireRunning(dataDir).controlSocket, path, body);
}
