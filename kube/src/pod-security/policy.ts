import type { Level } from './control.ts';

/** The newest minor version of Kubernetes whose standards are known here. */
export const newest = 35;

/** A level of the standards, as they were in a minor version of Kubernetes 1. */
export interface LevelVersion {
  level: Level;
  version: number | 'latest';
}

/** What a namespace asks for: what is refused, what is noted, what is warned of. */
export interface Policy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

/** A label that says nothing that there is; `message` in Kubernetes' words. */
export interface BadLabel {
  label: string;
  value: string;
  message: string;
}

const prefix = 'pod-security.kubernetes.io/';
const levels: readonly Level[] = ['privileged', 'baseline', 'restricted'];

export function compareLevels(a: Level, b: Level): number {
  return levels.indexOf(a) - levels.indexOf(b);
}

/** `baseline:v1.30`, `restricted:latest`. */
export function levelText({ level, version }: LevelVersion): string {
  return `${level}:${version === 'latest' ? version : `v1.${version}`}`;
}

export function isSame(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.version === b.version;
}

/**
 * The policy that a namespace's labels ask for; what they leave open is privileged. A bad label fails closed where pods are refused, and open
 * where they are only noted or warned of. Source: `pod-security-admission/api.PolicyToEvaluate`.
 */
export function policyOf(labels: Readonly<Record<string, string>> = {}): { policy: Policy; bad: BadLabel[] } {
  const bad: BadLabel[] = [];
  const level = (mode: string, otherwise: Level): Level => {
    const value = labels[`${prefix}${mode}`];
    if (value === undefined) return 'privileged';
    if ((levels as readonly string[]).includes(value)) return value as Level;
    bad.push({ label: `${prefix}${mode}`, value, message: `must be one of ${levels.join(', ')}` });
    return otherwise;
  };
  const version = (mode: string): LevelVersion['version'] => {
    const value = labels[`${prefix}${mode}-version`];
    if (value === undefined || value === 'latest') return 'latest';
    const [, minor] = /^v1\.(0|[1-9][0-9]*)$/.exec(value) ?? [];
    if (minor !== undefined && Number.isSafeInteger(Number(minor))) return Number(minor);
    bad.push({ label: `${prefix}${mode}-version`, value, message: 'must be "latest" or "v1.x"' });
    return 'latest';
  };
  const enforce = { level: level('enforce', 'restricted'), version: version('enforce') };
  const isEnforceKnown = !bad.some(({ label }) => label === `${prefix}enforce`);
  const audit = { level: level('audit', 'privileged'), version: version('audit') };
  const warn = { level: level('warn', 'privileged'), version: version('warn') };
  // Who enforces is warned of the same in the templates of pods.
  if (labels[`${prefix}warn`] === undefined && isEnforceKnown && compareLevels(enforce.level, warn.level) > 0) {
    warn.level = enforce.level;
    if (labels[`${prefix}warn-version`] === undefined) warn.version = enforce.version;
  }
  return { policy: { enforce, audit, warn }, bad };
}
