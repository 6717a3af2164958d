import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { clientBinary } from '@berth/berth/clients';
import { run } from './run.ts';

/** A terminal in a namespace and a folder of its own, where `kubectl` and `helm` are on the path. */
export interface Terminal extends AsyncDisposable {
  readonly namespace: string;
  /** Where its commands run; goes away with it. */
  readonly folder: string;
  /** Writes a file into the folder. */
  file(name: string, text: string, mode?: number): void;
  /**
   * Plays a transcript: each `$ command` line is run by the shell (lines that begin with `> ` go on with it), and what
   * follows is what it must print, standard error included. `…` stands for anything within a line, a line of `…` alone
   * for any number of lines; columns are compared without their width; a status other than 0 is `[exit N]`.
   * Throws with all the steps that printed something else.
   */
  play(transcript: string): Promise<void>;
}

/** Opens a terminal in a namespace that is made for it, by the cluster and user of a kubeconfig. */
export async function openTerminal(kubeconfig: string, namespace: string): Promise<Terminal> {
  const folder = mkdtempSync(join(tmpdir(), `berth-terminal-${namespace}-`));
  const own = join(folder, '.kubeconfig');
  const config = readFileSync(kubeconfig, 'utf8');
  writeFileSync(own, config, { mode: 0o600 });
  const cache = join(folder, '.cache');
  mkdirSync(cache);
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: [dirname(clientBinary('kubectl')), dirname(clientBinary('helm')), process.env.PATH].join(delimiter),
    HOME: folder,
    KUBECONFIG: own,
    KUBECACHEDIR: cache,
    HELM_NAMESPACE: namespace,
    TZ: 'UTC',
  };
  const shell = (command: string) =>
    run('sh', ['-c', `exec 2>&1\n${command}`], { env, cwd: folder, signal: AbortSignal.timeout(90_000) });
  const made = await shell(
    `kubectl create namespace ${namespace} && kubectl config set-context --current --namespace=${namespace}`,
  );
  if (made.status !== 0) throw new Error(made.stdout);
  return {
    namespace,
    folder,
    file: (name, text, mode = 0o644) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text, { mode });
    },
    async play(transcript) {
      const wrong: string[] = [];
      for (const { command, expected } of stepsOf(transcript)) {
        const { status, stdout } = await shell(command);
        const said = stdout === '' || stdout.endsWith('\n') ? stdout : `${stdout}\n`;
        const printed = status === 0 ? stdout : `${said}[exit ${status}]`;
        if (!patternOf(expected).test(columnsOf(printed))) {
          wrong.push(`$ ${command}\n--- expected\n${expected}\n--- printed\n${printed}`);
        }
      }
      if (wrong.length > 0) throw new Error(wrong.join('\n\n'));
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Step {
  command: string;
  expected: string;
}

/** Parts a transcript into its steps; the indentation of its first line is taken away from all. */
export function stepsOf(transcript: string): Step[] {
  const lines = transcript.replace(/^\n+|\s+$/g, '').split('\n');
  const indentation = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  const steps: { command: string[]; expected: string[] }[] = [];
  for (const indented of lines) {
    const line = indented.slice(Math.min(indentation, indented.search(/\S|$/)));
    const step = steps.at(-1);
    if (line.startsWith('$ ')) steps.push({ command: [line.slice(2)], expected: [] });
    else if (!step) throw new Error(`a transcript begins with a command, not with: ${line}`);
    else if (line.startsWith('> ') && step.expected.length === 0) step.command.push(line.slice(2));
    else step.expected.push(line);
  }
  return steps.map(({ command, expected }) => ({ command: command.join('\n'), expected: expected.join('\n') }));
}

function columnsOf(text: string): string {
  return text.replace(/ {2,}/g, '  ').replace(/ +$/gm, '').trimEnd();
}

function patternOf(expected: string): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const lines = columnsOf(expected)
    .split('\n')
    .map((line) => (line === '…' ? '(?:[^\\n]*\\n)*?[^\\n]*' : line.split('…').map(literal).join('[^\\n]*')));
  return new RegExp(`^${lines.join('\\n')}$`);
}
