import { ApiError, open, read, unreachable } from './request.ts';
import { retry } from './retry.ts';

export interface SessionInfo {
  user: { name: string };
  expiresAt: string;
}

export interface PortalInfo {
  cluster: { name: string; version: string };
  user: { name: string };
  capabilities: string[];
}

export type SessionState = { signedIn: true; session: SessionInfo } | { signedIn: false; signInCommand: string };

/** Whether the browser has a session; without one, the command that prints a new link. */
export async function readSession(): Promise<SessionState> {
  const headers = { 'x-berth-request': '1' };
  const response = await retry(() => fetch('/berth/session', { headers, credentials: 'same-origin' }));
  if (response.status === 401) {
    const { signInCommand } = (await response.json()) as { signInCommand: string };
    return { signedIn: false, signInCommand };
  }
  if (!response.ok) throw new ApiError(response.status, 'Unknown', response.statusText);
  return { signedIn: true, session: (await response.json()) as SessionInfo };
}

/** Spends a link's code. An answer that got lost may have spent it as well: then there is a session. */
export async function signIn(code: string): Promise<void> {
  const attempt = () => open('/berth/session', { method: 'POST', body: { code } });
  try {
    await attempt();
  } catch (error) {
    if (!(error instanceof ApiError) || error.reason !== unreachable) throw error;
    if (!(await readSession()).signedIn) await attempt();
  }
}

export async function signOut(): Promise<void> {
  await open('/berth/session', { method: 'DELETE' });
}

export function readInfo(): Promise<PortalInfo> {
  return read<PortalInfo>('/berth/info');
}

/** The code of a one-time link, which travels in the fragment and so never reaches a server or its log. */
export function codeInFragment(fragment: string): string | undefined {
  return /^#signin=([\w-]+)$/.exec(fragment)?.[1];
}
