import type { Control, Judge, Level, Objection, PodShape } from './control.ts';
import * as host from './controls/host.ts';
import * as privileges from './controls/privileges.ts';
import * as profiles from './controls/profiles.ts';
import * as users from './controls/users.ts';
import { restrictedVolumes } from './controls/volumes.ts';
import { type LevelVersion, newest } from './policy.ts';

/** Each level's by their names, the baseline's first: in this order objections are told. */
const controls: readonly Control[] = [
  profiles.appArmorProfile,
  privileges.capabilitiesBaseline,
  host.hostNamespaces,
  host.hostPathVolumes,
  host.hostPorts,
  host.hostProbes,
  privileges.privileged,
  privileges.procMountBaseline,
  profiles.seLinuxOptions,
  profiles.seccompBaseline,
  profiles.sysctls,
  host.windowsHostProcess,
  privileges.allowPrivilegeEscalation,
  privileges.capabilitiesRestricted,
  privileges.procMountRestricted,
  restrictedVolumes,
  users.runAsNonRoot,
  users.runAsUser,
  profiles.seccompRestricted,
];

const judges = new Map<string, readonly Judge[]>();

function judgesOf(level: Exclude<Level, 'privileged'>, minor: number): readonly Judge[] {
  const key = `${level} ${minor}`;
  let found = judges.get(key);
  if (!found) {
    const inForce = controls
      .filter((control) => level === 'restricted' || control.level === 'baseline')
      .flatMap(({ id, versions }) => {
        const version = versions.findLast(({ since }) => since <= minor);
        return version ? [{ id, ...version }] : [];
      });
    const replaced = new Set(inForce.flatMap(({ insteadOf = [] }) => insteadOf));
    found = inForce.filter(({ id }) => !replaced.has(id)).map(({ judge }) => judge);
    judges.set(key, found);
  }
  return found;
}

/**
 * What the Pod Security Standards object to in a pod, or in a template of pods, at a level as of a version. A version that is newer than the
 * standards known here, and `latest`, is the newest one known.
 */
export function evaluatePod({ level, version }: LevelVersion, pod: PodShape): Objection[] {
  if (level === 'privileged') return [];
  const minor = version === 'latest' ? newest : Math.min(version, newest);
  return judgesOf(level, minor)
    .map((judge) => judge(pod))
    .filter((objection) => objection !== undefined);
}

/** `host namespaces (hostPID=true), privileged (container "a" must not …)`. */
export function described(objections: readonly Objection[]): string {
  return objections.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ');
}
