/** What the program tells its user while it works: lines for people, or one JSON line per event. */

export type ProgressEvent =
  | { event: 'step'; name: string; milliseconds: number }
  | { event: 'notice'; message: string }
  | ReadyEvent;

export interface ReadyEvent {
  event: 'ready';
  apiUrl?: string;
  consoleUrl: string;
  signInLink: string;
  kubeconfig: string;
  milliseconds: number;
  sampleUrl?: string;
}

export interface Progress {
  /** Runs one step and reports it with the time that it took; the step's error passes through. */
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  report(event: ProgressEvent): void;
}

/**
 * `text` prints for people, `json` one object per line. A detached child has an IPC channel to the command that
 * started it: events go there as well.
 */
export function createProgress(
  output: 'text' | 'json',
  write: (line: string) => void = (line) => console.log(line),
): Progress {
  const report = (event: ProgressEvent) => {
    process.send?.(event);
    if (output === 'json') return write(JSON.stringify(event));
    for (const line of linesOf(event)) write(line);
  };
  return {
    report,
    async step(name, work) {
      const started = performance.now();
      const result = await work();
      report({ event: 'step', name, milliseconds: Math.round(performance.now() - started) });
      return result;
    },
  };
}

export function linesOf(event: ProgressEvent): string[] {
  switch (event.event) {
    case 'step':
      return [`  ✓ ${event.name.padEnd(44)} ${timeOf(event.milliseconds).padStart(8)}`];
    case 'notice':
      return [`  ! ${event.message}`];
    case 'ready': {
      const rows: [string, string | undefined][] = [
        ['Console', event.consoleUrl],
        ['Sign in once', event.signInLink],
        ['Kubernetes', event.apiUrl],
        ['kubectl', `export KUBECONFIG=${event.kubeconfig}`],
        ['Sample shop', event.sampleUrl],
      ];
      const shown = rows.filter(([, value]) => value !== undefined);
      return [
        '',
        `Ready in ${timeOf(event.milliseconds)}.`,
        '',
        ...shown.map(([label, value]) => `  ${label.padEnd(14)}${value}`),
        '',
      ];
    }
  }
}

function timeOf(milliseconds: number): string {
  return milliseconds < 1000 ? `${milliseconds} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
