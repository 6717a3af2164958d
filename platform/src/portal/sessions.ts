import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { PortalLimits, PortalUser } from './types.ts';

export interface Session {
  user: PortalUser;
  /** Aborted when the session ends, so that its open watches end as well. */
  ended: AbortSignal;
  expiresAt: number;
}

interface Entry extends Session {
  controller: AbortController;
  usedAt: number;
}

const maxOpenCodes = 16;
const maxSessions = 1000;

/**
 * One-time codes and the sessions they open, in memory: a restart signs everybody out. Only digests are kept, and
 * they are what is compared, so neither a heap dump nor the time of a look-up tells a secret.
 */
export class Sessions {
  readonly #codes = new Map<string, { user: PortalUser; expiresAt: number }>();
  readonly #sessions = new Map<string, Entry>();
  readonly #limits: PortalLimits;
  readonly #now: () => number;

  constructor(limits: PortalLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** A new code of 256 random bits; the oldest gives way when too many stand open. */
  issueCode(user: PortalUser): string {
    const code = randomBytes(32).toString('base64url');
    this.#codes.set(digest(code), { user, expiresAt: this.#now() + this.#limits.codeLifetime });
    dropOldest(this.#codes, maxOpenCodes);
    return code;
  }

  /** Spends `code` and opens a session; undefined when the code is unknown, spent or too old. */
  signIn(code: string): { token: string; session: Session } | undefined {
    const wanted = Buffer.from(digest(code));
    const key = [...this.#codes.keys()].find((known) => timingSafeEqual(Buffer.from(known), wanted));
    const grant = key === undefined ? undefined : this.#codes.get(key);
    if (key === undefined || grant === undefined) return undefined;
    this.#codes.delete(key);
    const now = this.#now();
    if (grant.expiresAt <= now) return undefined;
    const token = randomBytes(32).toString('base64url');
    const controller = new AbortController();
    const session = {
      user: grant.user,
      controller,
      ended: controller.signal,
      usedAt: now,
      expiresAt: now + this.#limits.sessionLifetime,
    };
    this.#sessions.set(digest(token), session);
    for (const dropped of dropOldest(this.#sessions, maxSessions)) dropped.controller.abort();
    return { token, session };
  }

  /** The living session of a cookie's token; using it moves its idle limit. */
  find(token: string): Session | undefined {
    const key = digest(token);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    if (this.#isOver(session)) {
      this.#end(key, session);
      return undefined;
    }
    session.usedAt = this.#now();
    return session;
  }

  signOut(token: string): void {
    const key = digest(token);
    const session = this.#sessions.get(key);
    if (session) this.#end(key, session);
  }

  /** Ends what is over its limits, streams included; for a timer. */
  sweep(): void {
    for (const [key, session] of this.#sessions) if (this.#isOver(session)) this.#end(key, session);
    for (const [key, grant] of this.#codes) if (grant.expiresAt <= this.#now()) this.#codes.delete(key);
  }

  endAll(): void {
    for (const [key, session] of this.#sessions) this.#end(key, session);
  }

  #isOver(session: Entry): boolean {
    const now = this.#now();
    return now >= session.expiresAt || now - session.usedAt >= this.#limits.sessionIdle;
  }

  #end(key: string, session: Entry): void {
    this.#sessions.delete(key);
    session.controller.abort();
  }
}

function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function dropOldest<V>(entries: Map<string, V>, limit: number): V[] {
  const dropped: V[] = [];
  for (const [key, value] of entries) {
    if (entries.size <= limit) break;
    entries.delete(key);
    dropped.push(value);
  }
  return dropped;
}
