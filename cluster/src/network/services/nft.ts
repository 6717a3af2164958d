import { spawn } from 'node:child_process';
import { BerthError } from '@berth/kube/errors';

/** Programs of the system are also looked for where only root's path leads. */
const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;

/**
 * Runs one program of the system and answers what it printed. Rejects with `ServiceUnavailable` when it is missing or
 * fails; the message holds what it said.
 */
export async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(program, args, { env: { ...process.env, PATH: path, LC_ALL: 'C' }, stdio: 'pipe' });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  // A program that ends before it has read everything says why on stderr.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => {
      reject(new BerthError('ServiceUnavailable', `${program} cannot be run: ${cause.message}`, { cause }));
    });
    child.on('close', resolve);
  });
  if (code === 0) return Buffer.concat(output).toString();
  const said = Buffer.concat(errors).toString().trim().slice(0, 2000);
  throw new BerthError('ServiceUnavailable', `${program} ${args.join(' ')} failed: ${said || `exit status ${code}`}`);
}

/** Carries a whole script out as one transaction: all of it, or nothing. */
export async function runNft(script: string, runner = run): Promise<void> {
  await runner('nft', ['-f', '-'], script);
}

interface Listed {
  nftables: {
    chain?: { name: string; family: string; table: string; hook?: string; policy?: string };
    map?: ListedMap;
    set?: ListedMap;
  }[];
}

interface ListedMap {
  name: string;
  elem?: unknown[];
}

/** The chains and maps of a table, without elements; undefined when there is no such table. */
export async function listTable(
  table: string,
  runner = run,
): Promise<{ chains: string[]; maps: string[] } | undefined> {
  let text: string;
  try {
    text = await runner('nft', ['-j', '-t', 'list', 'table', 'ip', table]);
  } catch (error) {
    if (error instanceof BerthError && error.message.includes('No such file or directory')) return undefined;
    throw error;
  }
  const { nftables } = JSON.parse(text) as Listed;
  return {
    chains: nftables.flatMap(({ chain }) => chain?.name ?? []),
    maps: nftables.flatMap(({ map, set }) => map?.name ?? set?.name ?? []).filter((name) => !name.startsWith('__')),
  };
}

/** Client and endpoint (`address . port`) of each entry of an affinity map. */
export async function listMemory(
  table: string,
  name: string,
  runner = run,
): Promise<{ client: string; endpoint: string }[]> {
  const text = await runner('nft', ['list', 'map', 'ip', table, name]);
  const entry = /([\d.]+)(?: timeout \S+)?(?: expires \S+)? : ([\d.]+ \. \d+)/g;
  return [...text.matchAll(entry)].map(([, client = '', endpoint = '']) => ({ client, endpoint }));
}

/** Chains of the forward hook whose policy drops packets, in tables that are not Berth's: they cut pods off. */
export async function listForeignDrops(): Promise<{ family: string; table: string; chain: string }[]> {
  const { nftables } = JSON.parse(await run('nft', ['-j', 'list', 'chains'])) as Listed;
  return nftables.flatMap(({ chain }) =>
    chain?.hook === 'forward' && chain.policy === 'drop' && !chain.table.startsWith('berth-')
      ? [{ family: chain.family, table: chain.table, chain: chain.name }]
      : [],
  );
}
