/**
 * Lets programs that nobody here wrote judge Berth: the upstream end-to-end suite of Kubernetes, controller-runtime's own
 * suites, and clients in Go, Python, Java and Rust. Each needs the tools of its language; see README.md.
 *   node run.ts SUITE [WORK]      SUITE is one of those below, WORK (default: a temporary folder) keeps what was built
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, env, exit, stderr, stdout } from 'node:process';
import { clientBinary } from '@berth/berth/clients';
import { startBerth } from '../harness/index.ts';
import { serveApi } from './api-server.ts';
import { agnhostFiles, makeImages, programs } from './images.ts';
import { leftOut } from './left-out.ts';
import { execute, output } from './programs.ts';

const here = import.meta.dirname;
const kubernetes = 'v1.35.4';
const controllerRuntime = 'v0.23.3';
const goFlags = { GOFLAGS: '-mod=mod -buildvcs=false' };

const suites: Record<string, (work: string) => Promise<number>> = {
  conformance: (work) => endToEnd(work, 'api-machinery', { skip: leftOut.simulated, isSimulated: true }),
  'conformance-real': (work) => endToEnd(work, 'api-machinery', { skip: leftOut.real }),
  'conformance-auth': (work) => endToEnd(work, 'auth|instrumentation', { skip: {} }),
  'conformance-cli': (work) => endToEnd(work, 'cli', { skip: leftOut.cli }),
  'conformance-apps': (work) => endToEnd(work, 'apps', { skip: leftOut.apps }),
  'conformance-node': (work) => endToEnd(work, 'node', { skip: leftOut.node }),
  'conformance-scheduling': (work) => endToEnd(work, 'scheduling', { skip: leftOut.scheduling }),
  'conformance-storage': (work) => endToEnd(work, 'storage', { skip: leftOut.storage }),
  'conformance-network': (work) => endToEnd(work, 'network', { skip: leftOut.network }),
  'controller-runtime': controllerRuntimeSuites,
  'client-go': (work) => withBerth((kubeconfig, kill) => goTest(work, './informers', kubeconfig, { KILL_URL: kill })),
  operator: (work) => withBerth((kubeconfig) => goTest(work, './operator', kubeconfig)),
  python: (work) =>
    withBerth(async (kubeconfig) => {
      const python = join(work, 'python');
      await execute('python3', ['-m', 'venv', python]);
      await execute(join(python, 'bin', 'pip'), ['install', '--quiet', 'kubernetes==37.0.2']);
      return execute(join(python, 'bin', 'python'), [join(here, 'python', 'judge.py')], {
        env: { KUBECONFIG: kubeconfig },
      });
    }),
  java: (work) =>
    withBerth((kubeconfig) => {
      const args = ['-q', '-B', `-Djudge.target=${join(work, 'java')}`, 'compile', 'exec:java'];
      return execute('mvn', args, { cwd: join(here, 'java'), env: { KUBECONFIG: kubeconfig } });
    }),
  rust: (work) =>
    withBerth((kubeconfig) =>
      execute('cargo', ['run', '--quiet'], {
        cwd: join(here, 'rust'),
        env: { KUBECONFIG: kubeconfig, CARGO_TARGET_DIR: join(work, 'rust') },
      }),
    ),
};

const [name, work = mkdtempSync(join(tmpdir(), 'berth-upstream-'))] = argv.slice(2);
const suite = suites[name ?? ''];
if (suite === undefined) {
  stderr.write(`usage: node run.ts SUITE [WORK]\nsuites: ${Object.keys(suites).join(', ')}\n`);
  exit(2);
}
mkdirSync(work, { recursive: true });
exit(await suite(work));

/** A Berth with pretended nodes; a POST to the second address kills its process and starts it again. */
async function withBerth(
  judge: (kubeconfig: string, kill: string) => Promise<number>,
  args: readonly string[] = ['--runtime', 'simulated', '--simulated-nodes', '2'],
  images: readonly string[] = [],
): Promise<number> {
  await using berth = await startBerth({ args });
  for (const image of images) await berth.berth('image', 'load', image);
  const killer = createServer(async (_request, response) => {
    berth.process.kill('SIGKILL');
    await berth.restart().then(
      () => response.end('ready'),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => killer.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = killer.address() as AddressInfo;
    return await judge(berth.kubeconfig, `http://127.0.0.1:${port}/`);
  } finally {
    killer.close();
  }
}

async function goTest(work: string, what: string, kubeconfig: string, more: Record<string, string> = {}) {
  const binary = join(work, `${what.slice(2)}.test`);
  await execute('go', ['test', '-c', '-o', binary, what], {
    cwd: join(here, 'go'),
    env: { GOFLAGS: '-buildvcs=false' },
  });
  return execute(binary, ['-test.v', '-test.timeout=30m'], { env: { KUBECONFIG: kubeconfig, ...more } });
}

interface EndToEndOptions {
  skip: Readonly<Record<string, string>>;
  isSimulated?: boolean;
}

/** The `[Conformance]` specs of a part of Kubernetes (`sig-…`), built from the module as it is. */
async function endToEnd(work: string, part: string, { skip, isSimulated = false }: EndToEndOptions): Promise<number> {
  const directory = join(work, 'e2e');
  await buildEndToEnd(directory);
  for (const [pattern, reason] of Object.entries(skip)) stdout.write(`left out: ${pattern}: ${reason}\n`);
  const images = isSimulated ? [] : await makeImages(directory);
  const judge = (kubeconfig: string) =>
    execute(
      join(directory, 'e2e.test'),
      [
        ...[`--kubeconfig=${kubeconfig}`, '--provider=local', '--allowed-not-ready-nodes=-1', '--disable-log-dump'],
        ...[`--kubectl-path=${clientBinary('kubectl')}`, `--ginkgo.focus=\\[sig-(${part})\\].*\\[Conformance\\]`],
        ...(Object.keys(skip).length === 0 ? [] : [`--ginkgo.skip=${Object.keys(skip).join('|')}`]),
        ...['--ginkgo.v', '--ginkgo.no-color', '--ginkgo.timeout=3h', '--dump-logs-on-failure=false'],
      ],
      { cwd: directory, env: { KUBE_TEST_REPO_LIST: join(here, 'repositories.yaml') } },
    );
  // Some specs ask for two.
  const nodes = isSimulated ? ['--runtime', 'simulated', '--simulated-nodes', '2'] : ['--nodes', '2'];
  return withBerth(judge, nodes, images);
}

async function buildEndToEnd(directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const module = `k8s.io/kubernetes@${kubernetes}`;
  const found = JSON.parse(await output('go', ['mod', 'download', '-json', module], { cwd: tmpdir() })) as {
    Dir: string;
  };
  // The module's own requirements, with its staging folders as the modules that they are published as.
  const requirements = readFileSync(join(found.Dir, 'go.mod'), 'utf8').match(/^require \([\s\S]*?^\)/gm) ?? [];
  const staging = readFileSync(join(found.Dir, 'go.mod'), 'utf8').matchAll(/^\s*(\S+) => \.\/staging\//gm);
  const replaced = [...staging].map(([, path]) => `\t${path} => ${path} ${kubernetes.replace('v1.', 'v0.')}`);
  const require = `require k8s.io/kubernetes ${kubernetes}\n\n${requirements.join('\n\n')}`;
  const text = `module upstream\n\ngo 1.25.0\n\n${require}\n\nreplace (\n${replaced.join('\n')}\n)\n`;
  if (!existsSync(join(directory, 'go.mod'))) writeFileSync(join(directory, 'go.mod'), text);
  if (!existsSync(join(directory, 'go.sum'))) {
    writeFileSync(join(directory, 'go.sum'), readFileSync(join(found.Dir, 'go.sum')));
  }
  const still = { cwd: directory, env: { ...goFlags, CGO_ENABLED: '0' } };
  for (const [file, module] of new Map(programs.map(({ file, module }) => [file, module]))) {
    await execute('go', ['build', '-o', file, module], still);
  }
  for (const file of agnhostFiles) {
    const content = readFileSync(join(found.Dir, 'test', 'images', 'agnhost', 'porter', file));
    writeFileSync(join(directory, file), content);
  }
  await execute('go', ['test', '-c', '-o', 'e2e.test', 'k8s.io/kubernetes/test/e2e'], { cwd: directory, env: goFlags });
}

/** The suites of its packages, unchanged, against the API server alone: they are written against one without controllers. */
async function controllerRuntimeSuites(work: string): Promise<number> {
  const directory = join(work, 'controller-runtime');
  const module = `sigs.k8s.io/controller-runtime@${controllerRuntime}`;
  const found = JSON.parse(await output('go', ['mod', 'download', '-json', module], { cwd: tmpdir() })) as {
    Dir: string;
  };
  if (!existsSync(directory)) cpSync(found.Dir, directory, { recursive: true });
  await execute('chmod', ['-R', 'u+w', directory]);
  let failed = 0;
  for (const suite of ['client', 'cache', 'manager']) {
    // Each with a server of its own: what one leaves behind is not what the next one counts.
    const kubeconfig = await serveApi(join(work, `api-server-${suite}`), 0);
    const binary = join(work, `${suite}.test`);
    await execute('go', ['test', '-c', '-o', binary, `./pkg/${suite}`], {
      cwd: directory,
      env: { GOFLAGS: '-buildvcs=false' },
    });
    const skip = Object.keys(leftOut.controllerRuntime).join('|');
    const status = await execute(binary, ['-ginkgo.no-color', `-ginkgo.skip=${skip}`], {
      cwd: join(directory, 'pkg', suite),
      env: { ...env, KUBECONFIG: kubeconfig, USE_EXISTING_CLUSTER: 'true' },
    });
    if (status !== 0) failed++;
  }
  return failed;
}
