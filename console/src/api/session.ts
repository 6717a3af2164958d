import { ApiError, open, read } from './request.ts';

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
  const response = await fetch('/berth/session', { headers: { 'x-berth-request': '1' }, credentials: 'same-origin' });
  if (response.status === 401) {
    const { signInCommand } = (await response.json()) as { signInCommand: string };
    return { signedIn: false, signInCommand };
  }
  if (!response.ok) throw new ApiError(response.status, 'Unknown', response.statusText);
  return { signedIn: true, session: (await response.json()) as SessionInfo };
}

export async function signIn(code: string): Promise<void> {
  await open('/berth/session', { method: 'POST', body: { code } });
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
