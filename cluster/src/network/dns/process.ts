import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BerthError } from '@berth/kube/errors';
import type { Logger } from 'pino';
import { writeWhole } from '../../write-whole.ts';
import { run } from '../services/nft.ts';
import type { DnsConfig, DnsState } from './config.ts';
import { startTimeOf } from './identity.ts';
import { programEntry } from './program.ts';

export interface DnsProcessOptions {
  dataDir: string;
  range: string;
  listen: { address: string; port: number };
  avoid: string[];
  domain?: string;
  resolvConf?: string;
  upstreams?: { address: string; port: number }[];
  /** From an earlier `prepareDnsProgram`. */
  program?: Promise<string>;
  logger: Logger;
  signal: AbortSignal;
}

/** The process's own script. Its version is a hash of its folder, so that a changed program replaces a running one. */
const source = fileURLToPath(new URL('main.ts', import.meta.url));
const copier = fileURLToPath(new URL('program.ts', import.meta.url));
const quiet = '--disable-warning=ExperimentalWarning';
const programPrefix = 'program-';
const startDeadline = 10_000;
const lookInterval = 1_000;
const longestBackoff = 30_000;

export function recordsDirectory(dataDir: string): string {
  return join(dnsDirectory(dataDir), 'records');
}

/**
 * Makes sure that the cluster's DNS runs: adopts the process of an earlier run, replaces one of another version, and
 * starts it again when it ends, until the signal is aborted; the process outlives that. Resolves once it answers.
 */
export async function keepDnsRunning(options: DnsProcessOptions): Promise<{ pid: number }> {
  const config = await writeConfig(options);
  let current = await adopt(config);
  if (current) options.logger.debug({ pid: current.pid }, 'adopted the running DNS process');
  else current = await start(config, options);
  watchOver(current, config, options).catch((error) =>
    options.logger.error({ err: error }, 'the DNS process is not watched'),
  );
  return { pid: current.pid };
}

/** Ends the process of this data directory and waits until it is gone. */
export async function stopDns(dataDir: string): Promise<void> {
  const state = await readState(stateFile(dataDir));
  if (state) await end(state);
  await rm(stateFile(dataDir), { force: true });
}

async function watchOver(first: DnsState, config: DnsConfig, options: DnsProcessOptions): Promise<void> {
  const { signal, logger } = options;
  let current = first;
  let backoff = 100;
  while (!signal.aborted) {
    await delay(lookInterval, undefined, { signal, ref: false }).catch(() => {});
    if (signal.aborted || startTimeOf(current.pid) === current.startTime) continue;
    logger.warn({ pid: current.pid }, 'the DNS process ended; starting it again');
    try {
      current = await start(config, options);
      backoff = 100;
    } catch (error) {
      logger.error({ err: error }, 'the DNS process cannot be started');
      await delay(backoff, undefined, { signal, ref: false }).catch(() => {});
      backoff = Math.min(backoff * 2, longestBackoff);
    }
  }
}

async function writeConfig(options: DnsProcessOptions): Promise<DnsConfig> {
  const directory = dnsDirectory(options.dataDir);
  await mkdir(recordsDirectory(options.dataDir), { recursive: true });
  const config: Omit<DnsConfig, 'version'> = {
    domain: options.domain ?? 'cluster.local',
    range: options.range,
    listen: options.listen,
    records: recordsDirectory(options.dataDir),
    resolvConf: options.resolvConf ?? '/etc/resolv.conf',
    ...(options.upstreams ? { upstreams: options.upstreams } : {}),
    avoid: options.avoid,
    state: stateFile(options.dataDir),
  };
  const versioned = { ...config, version: await configVersion(config) };
  const file = join(directory, 'config.json');
  await writeWhole(file, JSON.stringify(versioned, null, 2), 0o644);
  return versioned;
}

async function configVersion(config: Omit<DnsConfig, 'version'>): Promise<string> {
  const hash = createHash('sha256')
    .update(JSON.stringify(config))
    .update(await sourceVersion());
  return hash.digest('hex').slice(0, 16);
}

async function sourceVersion(): Promise<string> {
  const hash = createHash('sha256').update(process.version);
  const folder = new URL('.', import.meta.url);
  for (const file of (await readdir(folder)).sort()) {
    if (file.endsWith('.ts') && !file.endsWith('.test.ts')) hash.update(await readFile(new URL(file, folder)));
  }
  hash.update(await readFile(new URL('../addresses/ipv4.ts', folder)));
  return hash.digest('hex').slice(0, 16);
}

async function adopt(config: DnsConfig): Promise<DnsState | undefined> {
  const state = await readState(config.state);
  if (!state || startTimeOf(state.pid) !== state.startTime) return undefined;
  return state.version === config.version ? state : undefined;
}

/** The new process answers on the same port before the one that it replaces, if any, is ended. */
async function start(config: DnsConfig, options: DnsProcessOptions): Promise<DnsState> {
  const previous = await readState(config.state);
  const directory = dnsDirectory(options.dataDir);
  // What was begun early first: two must not copy at once. Then again, since it may have been removed meanwhile.
  await options.program;
  const script = await prepareDnsProgram(options.dataDir);
  const log = await open(join(directory, 'log'), 'a');
  let child: ChildProcess;
  try {
    child = spawn(
      process.execPath,
      ['--max-old-space-size=64', '--max-semi-space-size=1', script, join(directory, 'config.json')],
      { detached: true, stdio: ['ignore', log.fd, log.fd], cwd: '/', env: {} },
    );
  } finally {
    await log.close();
  }
  child.unref();
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signalName) => resolve(`exit status ${code ?? signalName}`));
  });
  const give = AbortSignal.timeout(startDeadline);
  while (!give.aborted) {
    const state = await readState(config.state);
    if (state?.pid === child.pid && state?.version === config.version) {
      if (previous && previous.pid !== state.pid) await end(previous);
      await removeOtherPrograms(script, directory);
      return state;
    }
    const why = await Promise.race([ended, delay(10)]);
    if (why !== undefined) throw failed(why, directory);
  }
  child.kill('SIGKILL');
  throw failed(`no answer within ${startDeadline / 1000} s`, directory);
}

/**
 * The script of the copied program, which is made when this version of it is not there yet. Takes some 0.2 s then: begin
 * early. At most one call at a time for a data directory.
 */
export async function prepareDnsProgram(dataDir: string): Promise<string> {
  const program = join(dnsDirectory(dataDir), `${programPrefix}${await sourceVersion()}`);
  const script = programEntry(program, source);
  const exists = await access(script).then(
    () => true,
    () => false,
  );
  if (!exists) {
    await mkdir(dnsDirectory(dataDir), { recursive: true });
    await run(process.execPath, [quiet, copier, program, source]);
  }
  return script;
}

/** Programs of other versions; nothing runs them any more. */
async function removeOtherPrograms(script: string, directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(programPrefix) || script.startsWith(join(directory, name, '/'))) continue;
    await rm(join(directory, name), { recursive: true, force: true });
  }
}

function dnsDirectory(dataDir: string): string {
  return join(dataDir, 'network', 'dns');
}

function failed(why: string, directory: string): BerthError {
  return new BerthError(
    'ServiceUnavailable',
    `the cluster's DNS did not start (${why}); see ${join(directory, 'log')}`,
  );
}

async function end(state: DnsState): Promise<void> {
  const runs = () => startTimeOf(state.pid) === state.startTime;
  if (!runs()) return;
  process.kill(state.pid, 'SIGTERM');
  for (let waited = 0; runs(); waited += 10) {
    if (waited === 3_000) process.kill(state.pid, 'SIGKILL');
    await delay(10);
  }
}

async function readState(file: string): Promise<DnsState | undefined> {
  try {
    const state: unknown = JSON.parse(await readFile(file, 'utf8'));
    return isState(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isState(value: unknown): value is DnsState {
  return typeof value === 'object' && value !== null && 'pid' in value && 'startTime' in value && 'version' in value;
}

function stateFile(dataDir: string): string {
  return join(dnsDirectory(dataDir), 'state.json');
}
