#!/usr/bin/env node
/**
 * The launcher: needs nothing but Node >= 20 and npm. It installs what is missing (npm packages from the lock file,
 * Debian packages by apt when it may), builds the console when its sources changed, and then runs the program under
 * the Node 24 of node_modules. Every step is skipped when its result is already there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants as osConstants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from './node-flags.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, 'node_modules', 'node', 'bin', 'node');
const [task = 'berth', ...args] = process.argv.slice(2);
const isRoot = process.getuid?.() === 0;

/** What the cluster needs from Debian: the file that shows it is there, the package, and why. */
const clusterPackages = [
  { file: 'containerd', name: 'containerd', why: 'runs the containers' },
  { file: 'runc', name: 'runc', why: 'starts a container' },
  { file: '/usr/lib/cni/ptp', name: 'containernetworking-plugins', why: 'gives pods their network' },
  { file: 'nft', name: 'nftables', why: 'carries service addresses' },
  { file: 'ip', name: 'iproute2', why: 'sets up links and routes' },
  { file: 'conntrack', name: 'conntrack', why: 'forgets connections to endpoints that are gone' },
  { file: 'busybox', name: 'busybox-static', why: 'a shell inside the sample containers' },
];
const testPackages = [
  { file: 'chromium', name: 'chromium', why: 'browser tests' },
  { file: 'skopeo', name: 'skopeo', why: 'judges the images that Berth writes' },
  {
    file: '/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc',
    name: 'fonts-noto-cjk',
    why: 'Chinese text in screenshots',
  },
];

function say(text) {
  process.stderr.write(`${text}\n`);
}

function fail(text) {
  say(`berth: ${text}`);
  process.exit(1);
}

/** Whether a command is on the PATH (administrators' folders included), or a file is there. */
function present(file) {
  if (file.startsWith('/')) return existsSync(file);
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, file), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function hashOf(...files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

function stampIs(file, value) {
  return existsSync(file) && readFileSync(file, 'utf8') === value;
}

function run(command, commandArgs, options = {}) {
  const result = spawnSync(command, commandArgs, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  if (result.error) fail(`${command} could not be started: ${result.error.message}`);
  return result.status ?? 1;
}

/**
 * Two commands at once in one clone: the second waits until the first has installed. A lock whose owner is gone is taken
 * over.
 */
function alone(work) {
  const lock = join(root, '.berth-installing');
  for (let told = false; ; told = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') return work(); // A read-only clone: there is nothing to install into either.
    }
    if (!isAlive(Number(readFileSync(lock, { encoding: 'utf8', flag: 'a+' })))) rmSync(lock, { force: true });
    else {
      if (!told) say('Waiting for another command that installs …');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
  }
  // `fail` ends the process at once, which no `finally` survives.
  const release = () => rmSync(lock, { force: true });
  process.once('exit', release);
  work();
  process.off('exit', release);
  release();
}

function isAlive(pid) {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function installNodePackages() {
  const lock = join(root, 'package-lock.json');
  const stamp = join(root, 'node_modules', '.berth-installed');
  const wanted = hashOf(lock);
  if (stampIs(stamp, wanted) && existsSync(node)) return;
  say('Installing npm packages from package-lock.json …');
  const npm = process.env.npm_execpath;
  const npmArgs = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  const status = npm ? run(process.execPath, [npm, ...npmArgs]) : run('npm', npmArgs);
  if (status !== 0)
    fail(
      'npm could not install the packages (see above). Check the network or the registry, and run the same command again.',
    );
  if (!existsSync(node))
    fail(
      'the npm package "node" did not bring its binary for this machine. Run "npm rebuild node", and the same command again.',
    );
  writeFileSync(stamp, wanted);
}

/** Installs missing Debian packages when this is a Debian machine and we are root; otherwise says what is missing. */
function installDebianPackages(packages) {
  const missing = packages.filter(({ file }) => !present(file));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name);
  if (!isRoot || !present('apt-get')) {
    say(`Missing on this machine: ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}.`);
    say(
      present('apt-get')
        ? `To install: sudo apt-get install ${names.join(' ')}`
        : "Install the same programs with your system's package manager.",
    );
    say('Going on with what there is.');
    return;
  }
  say('Installing Debian packages:');
  for (const { name, why } of missing) say(`  ${name.padEnd(30)} ${why}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const log = join(root, 'node_modules', '.berth-apt.log');
  const quiet = (aptArgs) =>
    spawnSync('sh', ['-c', `apt-get ${aptArgs} >>'${log}' 2>&1`], { env, stdio: 'ignore' }).status === 0;
  const install = `install -y --no-install-recommends ${names.join(' ')}`;
  // The package lists of a fresh machine are empty or old: update only when the first try fails.
  if (quiet(install) || (quiet('update') && quiet(install))) return;
  say(`apt-get could not install them (its output is in ${log}). Going on with what there is.`);
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function buildConsole() {
  const folder = join(root, 'console');
  const sources = [
    ...filesBelow(join(folder, 'src')),
    join(folder, 'vite.config.ts'),
    join(folder, 'index.html'),
    join(root, 'package-lock.json'),
  ];
  const wanted = hashOf(...sources.filter((file) => existsSync(file)));
  const stamp = join(folder, 'dist', '.berth-built');
  if (stampIs(stamp, wanted)) return;
  say('Building the console …');
  rmSync(join(folder, 'dist'), { recursive: true, force: true });
  const log = join(root, 'node_modules', '.berth-console.log');
  const status = spawnSync(
    'sh',
    ['-c', `"${node}" "${join(root, 'node_modules', 'vite', 'bin', 'vite.js')}" build >'${log}' 2>&1`],
    { cwd: folder },
  ).status;
  if (status !== 0) fail(`the console could not be built; see ${log}`);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted);
}

/** Runs a program under Node 24 in this terminal; signals reach it, and its exit status becomes ours. */
function become(script, scriptArgs) {
  const environment = {
    ...process.env,
    PATH: [dirname(node), process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter),
    // glibc keeps a heap for each thread that ever allocated, and gives none back.
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '2',
    // Stripped of types and compiled once, which halves the time of every later start and spares it 25 MiB. It has to be
    // set from outside: a program that sets it itself has loaded what strips types by then.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'compiled'),
  };
  const flags = script === inRoot('berth', 'src', 'main.ts') ? nodeFlags : [];
  const child = spawn(node, [...flags, script, ...scriptArgs], { stdio: 'inherit', env: environment });
  // A terminal sends Ctrl-C to the whole group; the child stops in order and we wait for it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`could not start ${node}: ${error.message}`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (osConstants.signals[signal ?? 'SIGTERM'] ?? 15)));
}

const inRoot = (...parts) => join(root, ...parts);

switch (task) {
  case 'start':
    alone(() => {
      installNodePackages();
      installDebianPackages(clusterPackages);
      buildConsole();
    });
    become(inRoot('berth', 'src', 'main.ts'), ['up', '--sample', ...args]);
    break;
  case 'berth':
    alone(() => {
      installNodePackages();
      if (args[0] === 'up') installDebianPackages(clusterPackages);
      if (args[0] === 'up' || args[0] === 'serve') buildConsole();
    });
    become(inRoot('berth', 'src', 'main.ts'), args);
    break;
  case 'test':
    alone(() => {
      installNodePackages();
      installDebianPackages([...clusterPackages, ...testPackages]);
      buildConsole();
    });
    become(inRoot('e2e', 'run.ts'), args);
    break;
  case 'check':
    alone(installNodePackages);
    become(inRoot('berth', 'check.mjs'), args);
    break;
  case 'bench':
    alone(() => {
      installNodePackages();
      installDebianPackages(clusterPackages);
      buildConsole();
    });
    become(inRoot('bench', 'main.ts'), args);
    break;
  case 'generate':
    alone(installNodePackages);
    become(inRoot('kube', 'generate', 'schemas.ts'), args);
    break;
  default:
    fail(`unknown task "${task}": one of start, test, check, bench, generate, berth`);
}
