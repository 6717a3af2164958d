import { useCallback, useEffect, useState } from 'react';
import { ApiError } from '../api/request.ts';
import { codeInFragment, readSession, signIn, signOut } from '../api/session.ts';
import type { SignInProblem } from '../pages/sign-in/sign-in-page.tsx';

export type SessionView =
  | { state: 'checking' }
  | { state: 'in' }
  | { state: 'out'; problem?: SignInProblem | undefined; command?: string | undefined };

/** Signs in with the link's code when there is one, else sees whether there is a session. */
export function useSession() {
  const [view, setView] = useState<SessionView>({ state: 'checking' });
  const check = useCallback(async (problem?: SignInProblem) => {
    try {
      const found = await readSession();
      setView(found.signedIn ? { state: 'in' } : { state: 'out', problem, command: found.signInCommand });
    } catch {
      setView({ state: 'out', problem: 'unreachable' });
    }
  }, []);
  const enter = useCallback(async () => {
    const code = codeInFragment(location.hash);
    if (code === undefined) return check();
    // Out of the address line and the history before anything else happens.
    history.replaceState(null, '', location.pathname + location.search);
    try {
      await signIn(code);
      setView({ state: 'in' });
    } catch (error) {
      const status = error instanceof ApiError ? error.code : 0;
      await check(status === 429 ? 'throttled' : status === 0 ? 'unreachable' : 'refused');
    }
  }, [check]);
  useEffect(() => {
    void enter();
    const onLink = () => void enter();
    window.addEventListener('hashchange', onLink);
    return () => window.removeEventListener('hashchange', onLink);
  }, [enter]);
  return {
    view,
    retry: () => void check(),
    /** The portal has said that the session is over. */
    ended: useCallback(() => void check(), [check]),
    leave: async () => {
      await signOut().catch(() => undefined);
      await check();
    },
  };
}
