import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import { useAddress } from '../../components/link.tsx';

/** `g`, then one of these. */
const places: Record<string, string> = {
  o: '/',
  p: '/pods',
  d: '/deployments',
  s: '/services',
  n: '/nodes',
  e: '/events',
  x: '/explorer',
};

const patience = 1200;
const escapeKey = 'Escape';

/** The keys that work on every page, wherever no text is being written. */
export function useKeys({ onHelp }: { onHelp: () => void }): void {
  const navigate = useNavigate();
  const address = useAddress();
  const goAt = useRef(0);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const { target } = event;
      const writing =
        target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
      if (writing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const dialog = document.querySelector('[role="dialog"], [role="menu"]');
      if (dialog !== null) return;
      const place = Date.now() - goAt.current < patience ? places[event.key] : undefined;
      goAt.current = event.key === 'g' ? Date.now() : 0;
      if (place !== undefined) return void navigate(address(place));
      const act = actions[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    const tab = (name: string) => {
      const button = document.getElementById(`tab-${name}`);
      button?.click();
    };
    const actions: Record<string, () => void> = {
      '/': () => document.querySelector<HTMLInputElement>('[data-search-line]')?.focus(),
      '?': onHelp,
      '[': () => void navigate(-1),
      ']': () => void navigate(1),
      l: () => tab('logs'),
      y: () => tab('yaml'),
      [escapeKey]: () => document.querySelector<HTMLElement>('[data-drawer] [data-close]')?.click(),
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [navigate, address, onHelp]);
}
