/**
 * The cluster's DNS as a process of its own: it goes on answering when Berth stops, crashes or is upgraded. Started as
 * `node main.ts CONFIG` (see `DnsConfig`); imports little, so that it stays small. Ends on SIGTERM.
 */
import { readdirSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DnsConfig, DnsState } from './config.ts';
import { Forwarder } from './forward.ts';
import { startTimeOf } from './identity.ts';
import type { NamespaceRecords } from './records.ts';
import { startDnsServer } from './server.ts';
import { Zone } from './zone.ts';

const suffix = '.json';

async function main(configFile: string): Promise<void> {
  const config = JSON.parse(readFileSync(configFile, 'utf8')) as DnsConfig;
  const zone = new Zone(config.domain, config.range);
  const forwarder = new Forwarder({
    resolvConf: config.resolvConf,
    ...(config.upstreams ? { upstreams: config.upstreams } : {}),
    avoid: config.avoid,
    now: () => performance.now(),
  });

  function read(file: string): void {
    const namespace = file.slice(0, -suffix.length);
    try {
      zone.set(namespace, JSON.parse(readFileSync(join(config.records, file), 'utf8')) as NamespaceRecords);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') zone.set(namespace, undefined);
      else log(`records of ${namespace} cannot be read: ${String(error)}`);
    }
  }
  function readAll(): void {
    const files = readdirSync(config.records).filter((file) => file.endsWith(suffix));
    for (const namespace of zone.namespaces)
      if (!files.includes(`${namespace}${suffix}`)) zone.set(namespace, undefined);
    files.forEach(read);
  }

  // Watching begins before the first reading: a change in between is then read twice, not missed.
  let changed: (() => void) | undefined;
  const watcher = watch(config.records, (_event, file) => {
    if (file === null) readAll();
    else if (file.endsWith(suffix)) read(file);
    changed?.();
  });
  watcher.on('error', (error) => log(`records are no longer watched: ${error.message}`));
  readAll();
  const server = await startDnsServer({ zone, forwarder, listen: config.listen });
  changed = server.zoneChanged;

  const state: DnsState = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', version: config.version };
  const draft = `${config.state}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(state));
  renameSync(draft, config.state);

  process.on('SIGTERM', () => {
    const exit = () => process.exit(0);
    // What has arrived until now is still read and answered: two turns of the loop pass its reading phase once.
    setImmediate(() => setImmediate(() => server.close().then(exit, exit)));
  });
}

function log(message: string): void {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), message })}\n`);
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  log(`the cluster's DNS cannot start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
