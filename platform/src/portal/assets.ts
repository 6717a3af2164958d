import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join, relative, sep } from 'node:path';

interface Asset {
  file: string;
  type: string;
  /** Hashed names never change their content. */
  immutable: boolean;
  encodings: readonly ('br' | 'gz')[];
}

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

/** Where index.html takes the nonce of the answer's content security policy. */
const noncePlaceholder = '__BERTH_NONCE__';

/**
 * The built console. The folder is listed once, and a request can only name what is on that list: there is no way
 * from a path to the file system.
 */
export class Assets {
  readonly #assets = new Map<string, Asset>();
  readonly #contents = new Map<string, Buffer>();
  readonly #index: string | undefined;

  constructor(directory: string) {
    const names = listFiles(directory);
    const known = new Set(names);
    for (const name of names) {
      if (/\.(br|gz|map)$/.test(name)) continue;
      const extension = name.slice(name.lastIndexOf('.') + 1);
      this.#assets.set(`/${name}`, {
        file: join(directory, name),
        type: types[extension] ?? 'application/octet-stream',
        immutable: name.startsWith('assets/'),
        encodings: (['br', 'gz'] as const).filter((encoding) => known.has(`${name}.${encoding}`)),
      });
    }
    this.#index = known.has('index.html') ? readFileSync(join(directory, 'index.html'), 'utf8') : undefined;
    this.#assets.delete('/index.html');
  }

  /** Answers a file of the build; false when `path` is none. */
  serve(path: string, request: IncomingMessage, response: ServerResponse): boolean {
    const asset = this.#assets.get(path);
    if (asset === undefined) return false;
    const accepted = String(request.headers['accept-encoding'] ?? '');
    const encoding = asset.encodings.find((one) => accepted.includes(one === 'gz' ? 'gzip' : one));
    response.setHeader('content-type', asset.type);
    response.setHeader('vary', 'accept-encoding');
    response.setHeader('cache-control', asset.immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
    if (encoding !== undefined) response.setHeader('content-encoding', encoding === 'gz' ? 'gzip' : encoding);
    const body = this.#read(encoding === undefined ? asset.file : `${asset.file}.${encoding}`);
    response.setHeader('content-length', body.length);
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  }

  /** The page itself, for every address that the console's router knows. */
  servePage(nonce: string, request: IncomingMessage, response: ServerResponse): void {
    const page = this.#index?.replaceAll(noncePlaceholder, nonce);
    if (page === undefined) {
      response.statusCode = 503;
      response.setHeader('content-type', 'text/plain; charset=utf-8');
      response.end('The console is not built. Run "npm run build -w console" and start again.\n');
      return;
    }
    response.setHeader('content-type', types.html ?? '');
    response.setHeader('cache-control', 'no-store');
    response.end(request.method === 'HEAD' ? undefined : page);
  }

  #read(file: string): Buffer {
    const known = this.#contents.get(file);
    if (known) return known;
    const body = readFileSync(file);
    this.#contents.set(file, body);
    return body;
  }
}

function listFiles(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
