import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { BrowserRouter } from 'react-router';
import { WatchHub } from '../api/watch/hub.ts';
import { HubContext } from '../api/watch/use-watch.ts';
import { ClockContext } from '../components/age.tsx';
import { Clock } from '../format/clock.ts';
import { SignInPage } from '../pages/sign-in/sign-in-page.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { Pages } from './pages.tsx';
import { Shell } from './shell/shell.tsx';
import { useSession } from './use-session.ts';

/** The console: a sign-in page without a session, the shell with its pages with one. */
export function App() {
  const session = useSession();
  const { ended } = session;
  const hub = useMemo(() => new WatchHub({ onSessionEnd: ended }), [ended]);
  const queries = useMemo(() => new QueryClient({ defaultOptions: { queries: { retry: 5 } } }), []);
  const clock = useMemo(() => new Clock(), []);
  const { view } = session;
  useEffect(() => {
    if (view.state !== 'out') return;
    hub.clear();
    queries.clear();
  }, [view, hub, queries]);
  if (view.state === 'checking') return null;
  if (view.state === 'out') {
    return <SignInPage problem={view.problem} command={view.command} onRetry={session.retry} />;
  }
  return (
    <QueryClientProvider client={queries}>
      <HubContext.Provider value={hub}>
        <ClockContext.Provider value={clock}>
          <BrowserRouter>
            <Shell onSignOut={() => void session.leave()}>
              <ErrorBoundary>
                <Pages />
              </ErrorBoundary>
            </Shell>
          </BrowserRouter>
        </ClockContext.Provider>
      </HubContext.Provider>
    </QueryClientProvider>
  );
}
