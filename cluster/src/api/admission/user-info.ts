import type { User } from '../types.ts';

/** `authentication.k8s.io/v1` UserInfo of who makes a request. */
export function userInfoOf({ name, uid, groups, extra }: User): Record<string, unknown> {
  return { username: name, ...(uid ? { uid } : {}), groups, ...(extra ? { extra } : {}) };
}
