import type { ImageEntry } from '../types.ts';

/** The user that an image's programs run as, by number so that Kubernetes can tell it is not root. */
export const nonroot = 65532;

/** What every root file system has: accounts, name resolution by files then DNS, a /tmp, a home for `nonroot`. */
export function baseEntries(): ImageEntry[] {
  const text = (path: string, content: string): ImageEntry => ({ type: 'file', path, content });
  return [
    text(
      '/etc/passwd',
      `root:x:0:0:root:/root:/bin/sh\nnonroot:x:${nonroot}:${nonroot}:nonroot:/home/nonroot:/bin/sh\n`,
    ),
    text('/etc/group', `root:x:0:\nnonroot:x:${nonroot}:\n`),
    text('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    { type: 'directory', path: '/root', mode: 0o700 },
    { type: 'directory', path: '/home/nonroot', mode: 0o700, uid: nonroot, gid: nonroot },
    { type: 'directory', path: '/tmp', mode: 0o1777 },
    { type: 'directory', path: '/proc' },
    { type: 'directory', path: '/sys' },
    { type: 'directory', path: '/dev' },
  ];
}
