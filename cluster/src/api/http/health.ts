import { PageNotFound } from '../faults.ts';
import type { PathHandler } from './handle.ts';

export interface ReadyCheck {
  name: string;
  check(): boolean;
}

/** That there is somebody who answers. */
const ping: ReadyCheck = { name: 'ping', check: () => true };

/** `/livez`, `/readyz`, `/healthz` with `?verbose` and `?exclude=CHECK`, each check below them by its name, and `/version`. */
export function healthHandler(checks: readonly ReadyCheck[]): PathHandler {
  return (path, request) => {
    if (path === '/version' || path === '/version/') return { body: Buffer.from(JSON.stringify(version, null, 2)) };
    const found = /^\/(healthz|readyz|livez)(?:\/(.*))?$/.exec(path);
    if (!found) return undefined;
    const [, probe, one] = found;
    const known = [ping, ...checks];
    const asked = one ? known.filter((check) => check.name === one) : known;
    if (asked.length === 0) throw new PageNotFound();
    const query = new URLSearchParams((request.url ?? '').split('?')[1]);
    const excluded = new Set(query.getAll('exclude'));
    const lines: string[] = [];
    let ok = true;
    for (const { name, check } of asked) {
      // Alive is who answers at all: what is merely not ready yet must not be restarted.
      const isOut = excluded.delete(name);
      const passed = isOut || probe === 'livez' || check();
      ok &&= passed;
      lines.push(isOut ? `[+]${name} excluded: ok` : passed ? `[+]${name} ok` : `[-]${name} failed: reason withheld`);
    }
    const unknown = [...excluded].sort().map((name) => JSON.stringify(name));
    if (unknown.length > 0) {
      lines.push(`warn: some health checks cannot be excluded: no matches for ${unknown.join(', ')}`);
    }
    const verbose = !ok || query.has('verbose');
    const text = verbose ? [...lines, `${probe} check ${ok ? 'passed' : 'failed'}`, ''].join('\n') : 'ok';
    const headers = { 'x-content-type-options': 'nosniff' };
    return { code: ok ? 200 : 500, body: Buffer.from(text), type: 'text/plain; charset=utf-8', headers };
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
