import { expect, test } from 'vitest';
import { seccompOf } from './sandbox-config.ts';

test('a seccomp profile is a file of the node’s own, whatever a pod in the store says', () => {
  const of = (localhostProfile: string) => seccompOf({ type: 'Localhost', localhostProfile }, '/var/lib/seccomp');
  expect(of('a/b.json')).toEqual({ type: 'Localhost', path: '/var/lib/seccomp/a/b.json' });
  for (const path of ['../x', 'a/../../x', '..', '', '/../x', '../seccomp-other/x']) {
    expect(() => of(path)).toThrow(/is not below \/var\/lib\/seccomp$/);
  }
});
