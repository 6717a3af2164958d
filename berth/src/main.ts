import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { sentenceOf, UsageError } from './failure.ts';
import { defaultDataDir } from './instance.ts';
import { version } from './version.ts';

/** The command line. Commands are loaded when they are called, so that a short one starts at once. */
function program(): Command {
  const berth = new Command('berth')
    .description('Container operations for any Kubernetes cluster, with an embedded cluster of its own.')
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'berth: ')) })
    .showHelpAfterError('(see "berth --help")');

  const dataDir = (suffix = '') =>
    new Option('--data-dir <dir>', 'where everything is kept').default(defaultDataDir() + suffix);
  const output = () => new Option('--output <format>', 'how to print').choices(['text', 'json']).default('text');
  const consolePort = () => new Option('--console-port <port>', 'port of the console').argParser(port).default(8443);
  const listen = () => new Option('--listen <address>', 'address to listen on').default('127.0.0.1');

  berth
    .command('up')
    .description('start the embedded cluster, or take over what a former start left running')
    .addOption(dataDir())
    .addOption(listen())
    .addOption(new Option('--api-port <port>', 'port of the Kubernetes API').argParser(port).default(6443))
    .addOption(consolePort())
    .addOption(new Option('--nodes <n>', 'nodes that run containers').argParser(count).default(1))
    .addOption(
      new Option('--runtime <runtime>', 'auto, containerd, cri=SOCKET or simulated').argParser(runtime).default('auto'),
    )
    .addOption(new Option('--simulated-nodes <n>', 'more nodes, which only pretend').argParser(count).default(0))
    .addOption(
      new Option('--node-monitor-grace-period <duration>', 'how long a node may be silent before it counts as lost')
        .argParser(lastingDuration)
        .default(50_000, '50s'),
    )
    .addOption(
      new Option(
        '--eviction-hard <signals>',
        'when a node ends pods at once (default: memory.available<100Mi,nodefs.available<10%,…, as kubelet)',
      ),
    )
    .addOption(new Option('--eviction-soft <signals>', 'when it does so after a while: memory.available<1Gi,…'))
    .addOption(new Option('--eviction-soft-grace-period <signals>', 'after how long: memory.available=1m30s,…'))
    .addOption(new Option('--eviction-minimum-reclaim <signals>', 'how much more is freed: nodefs.available=1Gi,…'))
    .addOption(
      new Option(
        '--eviction-max-pod-grace-period <seconds>',
        'the longest grace by a soft threshold (default: 0)',
      ).argParser(count),
    )
    .addOption(
      new Option(
        '--eviction-pressure-transition-period <duration>',
        'how long a node still counts as short of something (default: 5m)',
      ).argParser(duration),
    )
    .addOption(
      new Option(
        '--image-gc-high-threshold <percent>',
        'how full the disk is when unused images go (default: 85; 100: never)',
      ).argParser(percent),
    )
    .addOption(
      new Option(
        '--image-gc-low-threshold <percent>',
        'how full it is when no more of them go (default: 80)',
      ).argParser(percent),
    )
    .addOption(
      new Option(
        '--minimum-image-ttl-duration <duration>',
        'how long an unused image stays at least (default: 2m)',
      ).argParser(duration),
    )
    .addOption(
      new Option(
        '--encryption-provider-config <file>',
        "an EncryptionConfiguration that says how objects are kept (default: Secrets under a key of Berth's own)",
      ),
    )
    .addOption(
      new Option(
        '--encryption-provider-config-automatic-reload',
        'take up changes of that file, within a minute',
      ).default(false),
    )
    .addOption(
      new Option('--accept-lost-keys', 'start although objects are under keys that are not there').default(false),
    )
    .addOption(
      new Option(
        '--audit-policy-file <file>',
        'what the audit log records: a Policy of audit.k8s.io/v1 (default: see docs/audit.md)',
      ),
    )
    .addOption(
      new Option('--audit-log-path <file>', 'where the audit log is (default: audit/audit.log in the data directory)'),
    )
    .addOption(
      new Option('--audit-log-maxsize <megabytes>', 'how large its file gets before the next is begun')
        .argParser(positive)
        .default(100),
    )
    .addOption(
      new Option('--audit-log-maxage <days>', 'how long a finished file is kept (0: for ever)')
        .argParser(count)
        .default(30),
    )
    .addOption(
      new Option('--audit-log-maxbackup <n>', 'how many finished files are kept (0: all)').argParser(count).default(10),
    )
    .addOption(
      new Option('--audit-webhook-config-file <file>', 'where audit events are sent as well: a kubeconfig file'),
    )
    .addOption(
      new Option(
        '--authentication-config <file>',
        "whose tokens are good beside the cluster's own: an AuthenticationConfiguration (see docs/access.md)",
      ),
    )
    .addOption(
      new Option(
        '--max-requests-inflight <n>',
        'how many API requests are served at once, shared among priority levels (0: all; see docs/fairness.md)',
      )
        .argParser(count)
        .default(600),
    )
    .addOption(
      new Option(
        '--kubeconfig <file>',
        "where to write the administrator's kubeconfig (default: in the data directory)",
      ),
    )
    .addOption(new Option('--sample', 'run the sample shop').default(false))
    .addOption(new Option('--no-sample', 'do not'))
    .addOption(new Option('--detach', 'go to the background once ready').default(false))
    .addOption(output())
    .action(async (options) => (await import('./commands/up.ts')).up(options));

  berth
    .command('down')
    .description('stop Berth, its containers, and remove its rules and links')
    .addOption(dataDir())
    .addOption(new Option('--purge', 'remove the data directory as well').default(false))
    .addOption(output())
    .action(async (options) => (await import('./commands/down.ts')).down(options));

  berth
    .command('status')
    .description('what runs')
    .addOption(dataDir())
    .addOption(output())
    .action(async (options) => (await import('./commands/status.ts')).status(options));

  berth
    .command('doctor')
    .description('check whether this machine can run a cluster, and what to do where it cannot')
    .addOption(dataDir())
    .addOption(new Option('--api-port <port>', 'port to check').argParser(port).default(6443))
    .addOption(consolePort())
    .addOption(output())
    .action(async (options) => (await import('./commands/doctor.ts')).doctor(options));

  berth
    .command('kubeconfig')
    .description("print the administrator's kubeconfig")
    .addOption(dataDir())
    .action(async (options) => (await import('./commands/kubeconfig.ts')).kubeconfig(options));

  berth
    .command('console')
    .description('print a new one-time link to sign in to the console')
    .addOption(dataDir())
    .action(async (options) => (await import('./commands/console.ts')).console(options));

  berth
    .command('logs')
    .description("print Berth's own log")
    .addOption(dataDir())
    .addOption(new Option('-f, --follow', 'go on as lines come').default(false))
    .addOption(new Option('--tail <n>', 'only the last lines').argParser(count).default(200))
    .action(async (options) => (await import('./commands/logs.ts')).logs(options));

  berth
    .command('kubectl')
    .description('run the kubectl that came with Berth against this cluster')
    .addOption(dataDir())
    .allowUnknownOption()
    .helpOption(false)
    .argument('[args...]')
    .passThroughOptions()
    .action(async (args, options) => (await import('./commands/kubectl.ts')).kubectl(args, options));

  berth
    .command('serve')
    .description('serve the platform and the console on an existing cluster')
    .requiredOption('--kubeconfig <file>', 'how to reach the cluster')
    .option('--context <name>', 'which context of it (default: the current one)')
    .addOption(dataDir('-serve'))
    .addOption(listen())
    .addOption(consolePort())
    .addOption(output())
    .action(async (options) => (await import('./commands/serve.ts')).serve(options));

  const image = berth.command('image').description('container images of the embedded cluster');
  image
    .command('load')
    .description('import an OCI or Docker archive into every node')
    .argument('<file>')
    .addOption(dataDir())
    .action(async (file, options) => (await import('./commands/image.ts')).load(file, options));
  image
    .command('ls')
    .description('images on the nodes')
    .addOption(dataDir())
    .addOption(output())
    .action(async (options) => (await import('./commands/image.ts')).list(options));

  const secrets = berth.command('secrets').description('how Secrets, and what else is encrypted, are kept on the disk');
  secrets
    .command('status')
    .description('how many values are under which key')
    .addOption(dataDir())
    .addOption(output())
    .action(async (options) => (await import('./commands/secrets.ts')).status(options));
  secrets
    .command('rotate')
    .description("make a new key of Berth's own, rewrite everything under it and drop the former")
    .addOption(dataDir())
    .addOption(output())
    .action(async (options) => (await import('./commands/secrets.ts')).rotate(options));
  secrets
    .command('rewrite')
    .description('rewrite what is plain or under an old key as the configuration says now')
    .addOption(dataDir())
    .addOption(output())
    .action(async (options) => (await import('./commands/secrets.ts')).rewrite(options));

  secrets
    .command('discard')
    .description('delete an object that cannot be read, which its API does not')
    .argument('<key>', 'as "berth secrets status" prints it')
    .addOption(dataDir())
    .action(async (key, options) => (await import('./commands/secrets.ts')).discard(key, options));

  const auditPath = () => new Option('--audit-log-path <file>', 'where the log is, if "up" was told another place');
  const audit = berth
    .command('audit')
    .description('who changed what in the embedded cluster, when and from where')
    .addOption(dataDir())
    .addOption(auditPath())
    .addOption(new Option('--user <name>', 'only of this user'))
    .addOption(
      new Option('--verb <verbs>', 'only these: get,list,watch,create,update,patch,delete,… or all (default: changes)'),
    )
    .addOption(new Option('--resource <resource>', 'only of this kind: pods, deployments.apps, pods/exec'))
    .addOption(new Option('-n, --namespace <name>', 'only in this namespace'))
    .addOption(new Option('--name <name>', 'only of the object of this name'))
    .addOption(new Option('--since <time>', 'only from then on: 30m, 24h, 2026-11-30T08:00:00Z').argParser(moment))
    .addOption(new Option('--limit <n>', 'only the latest').argParser(positive).default(200))
    .addOption(output())
    .action(async (options) => (await import('./commands/audit.ts')).query(options));
  audit
    .command('verify')
    .description('check that no record of the audit log was changed, moved or removed')
    .addOption(dataDir())
    .addOption(auditPath())
    .addOption(output())
    .action(async (options) => (await import('./commands/audit.ts')).verify(options));

  const access = berth.command('access').description('who may do what on a cluster, why, and how little would do');
  const cluster = (command: Command) =>
    command
      .addOption(dataDir())
      .addOption(new Option('--kubeconfig <file>', 'of another cluster than the embedded one'))
      .addOption(new Option('--context <name>', 'which context of it (default: the current one)'))
      .addOption(output());
  const question = (command: Command) =>
    cluster(command)
      .addOption(new Option('-n, --namespace <name>', "where (default: the kubeconfig's)"))
      .addOption(new Option('-A, --all-namespaces', 'in the whole cluster').default(false))
      .addOption(new Option('--subresource <name>', 'of the object: log, exec, status, …'));
  question(access.command('who-can'))
    .description('list everybody whom RBAC lets do it')
    .argument('<verb>', 'get, list, create, …')
    .argument('<what>', 'pods, deployments.apps, secrets/tls, /metrics')
    .action(async (verb, what, options) => (await import('./commands/access.ts')).whoCan(verb, what, options));
  question(access.command('why'))
    .description('say by what somebody may do it, or what is missing; status 1 when they may not')
    .argument('<user>', 'ada, system:serviceaccount:shop:web')
    .argument('<verb>')
    .argument('<what>')
    .addOption(
      new Option('--group <name>', "a group of the user's, may be repeated (default: as the audit log saw it last)")
        .argParser((name: string, former: string[]) => [...former, name])
        .default([], 'none'),
    )
    .addOption(auditPath())
    .action(async (user, verb, what, options) => (await import('./commands/access.ts')).why(user, verb, what, options));
  cluster(access.command('minimal'))
    .description('print the smallest roles with which a user could have sent what the audit log has of it')
    .argument('<user>')
    .addOption(auditPath())
    .addOption(new Option('--since <time>', 'only from then on: 30m, 24h, 2026-11-30T08:00:00Z').argParser(moment))
    .addOption(new Option('-n, --namespace <name>', 'only in this namespace'))
    .addOption(
      new Option('--max-names <n>', 'of a kind of which more objects were touched, any (0: always any)')
        .argParser(count)
        .default(10),
    )
    .addOption(new Option('--include-refused', 'also what was refused').default(false))
    .action(async (user, options) => (await import('./commands/access.ts')).minimal(user, options));

  const node = berth.command('node').description('nodes of the embedded cluster that run containers');
  node
    .command('ls')
    .description('the nodes, and whether each is switched on')
    .addOption(dataDir())
    .addOption(output())
    .action(async (options) => (await import('./commands/node.ts')).list(options));
  node
    .command('stop')
    .description('switch a node off as when its power is cut: its agent, containerd and containers are gone at once')
    .argument('<node>')
    .addOption(dataDir())
    .action(async (name, options) => (await import('./commands/node.ts')).stop(name, options));
  node
    .command('start')
    .description('switch a stopped node on again, with the disk that it had')
    .argument('<node>')
    .addOption(dataDir())
    .action(async (name, options) => (await import('./commands/node.ts')).start(name, options));
  return berth;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65535)
    throw new InvalidArgumentError('a port is a number from 1 to 65535.');
  return value;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError('a whole number from 0 up is wanted.');
  return value;
}

function positive(text: string): number {
  const value = count(text);
  if (value === 0) throw new InvalidArgumentError('a whole number from 1 up is wanted.');
  return value;
}

function percent(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 100)
    throw new InvalidArgumentError('a whole number from 0 to 100 is wanted.');
  return value;
}

/** As Go writes durations: `50s`, `1m30s`, `500ms`, `0`. Milliseconds. */
function duration(text: string): number {
  if (text === '0') return 0;
  const units: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  const whole = parts.length > 0 && parts.map(([part]) => part).join('') === text;
  const value = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (units[unit] ?? 0), 0);
  if (!whole) throw new InvalidArgumentError('a time is wanted, such as 0s, 50s or 1m30s.');
  return value;
}

/** A time, or how long ago it was. Milliseconds since 1970. */
function moment(text: string): number {
  const at = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  try {
    return Date.now() - duration(text);
  } catch {
    throw new InvalidArgumentError('a time is wanted, such as 30m, 24h or 2026-11-30T08:00:00Z.');
  }
}

function lastingDuration(text: string): number {
  const value = duration(text);
  if (value < 1000) throw new InvalidArgumentError('a time of at least 1s is wanted, such as 50s or 1m30s.');
  return value;
}

function runtime(text: string): string {
  if (['auto', 'containerd', 'simulated'].includes(text) || /^cri=.+/.test(text)) return text;
  throw new InvalidArgumentError('one of auto, containerd, cri=SOCKET, simulated is wanted.');
}

// Whoever reads our output may stop reading (`| head`): that ends the reading, not the program.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`berth: ${sentenceOf(error)}\n`);
    process.exitCode = error instanceof UsageError ? 2 : 1;
    // What still runs must not hold back the exit of a command that has failed.
    setImmediate(() => process.exit());
  }
}
