import type { PathHandler } from './handle.ts';

export interface ReadyCheck {
  name: string;
  check(): boolean;
}

/** `/livez`, `/readyz`, `/healthz` with `?verbose`, and `/version`. */
export function healthHandler(checks: readonly ReadyCheck[]): PathHandler {
  return (path, request) => {
    if (path === '/version' || path === '/version/') return { body: Buffer.from(JSON.stringify(version, null, 2)) };
    const found = /^\/(healthz|readyz|livez)(?:\/(.*))?$/.exec(path);
    if (!found) return undefined;
    const asked = found[2] ? checks.filter((check) => check.name === found[2]) : checks;
    // Alive is who answers at all: what is merely not ready yet must not be restarted.
    const results = asked.map(({ name, check }) => ({ name, ok: found[1] === 'livez' || check() }));
    const ok = results.every((result) => result.ok);
    const verbose = !ok || (request.url ?? '').includes('verbose');
    const lines = results.map(({ name, ok }) => (ok ? `[+]${name} ok` : `[-]${name} failed: reason withheld`));
    const text = verbose ? [...lines, `${found[1]} check ${ok ? 'passed' : 'failed'}`, ''].join('\n') : 'ok';
    return { code: ok ? 200 : 500, body: Buffer.from(text), type: 'text/plain; charset=utf-8' };
  };
}

const version = {
  major: '1',
  minor: '35',
  emulationMajor: '1',
  emulationMinor: '35',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '34',
  gitVersion: 'v1.35.0+berth',
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '2026-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'v8',
  platform: `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`,
};
