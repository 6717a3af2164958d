import type { PodSpec } from '@berth/kube/objects';
import { identityOf } from '@berth/kube/patch';

type Toleration = NonNullable<PodSpec['tolerations']>[number];

/** Without those that another one covers; of equal ones the first stays. Source: `MergeTolerations` of Kubernetes' `util/tolerations`. */
export function mergeTolerations(all: readonly Toleration[]): Toleration[] {
  return withoutCovered(withoutCovered(all).reverse()).reverse();
}

/** Without those that one before them covers. Each is looked up, since a request may bring very many. */
function withoutCovered(tolerations: readonly Toleration[]): Toleration[] {
  /** For how many seconds at most each reach is tolerated. */
  const longest = new Map<string, number>();
  return tolerations.filter((toleration) => {
    const { effect, tolerationSeconds = Number.POSITIVE_INFINITY } = toleration;
    const known = (reach: string) => longest.get(reach) ?? Number.NEGATIVE_INFINITY;
    if (covering(toleration).some((reach) => known(reach) >= tolerationSeconds)) return false;
    // Only eviction waits: seconds say nothing of other effects.
    const seconds = effect === 'NoExecute' ? tolerationSeconds : Number.POSITIVE_INFINITY;
    for (const reach of reaches(toleration)) longest.set(reach, Math.max(known(reach), seconds));
    return true;
  });
}

/** What a toleration is for, its time apart. */
function reaches(toleration: Toleration): string[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  if (operator === 'Exists') return [reachOf(key === '' ? any : key, any, effect)];
  if (operator === 'Equal') return [reachOf(key, value, effect)];
  return operator === '' ? [reachOf(key, value, effect), itself(toleration)] : [itself(toleration)];
}

/** What tolerations that cover this one may be for. */
function covering(toleration: Toleration): string[] {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  const values = operator === 'Equal' ? [any, value] : [any];
  const effects = effect === '' ? [''] : ['', effect];
  const found = values.flatMap((v) => effects.flatMap((e) => [reachOf(any, v, e), reachOf(key, v, e)]));
  return operator === 'Equal' || operator === 'Exists' ? found : [...found, itself(toleration)];
}

const any = null;

const reachOf = (...parts: [key: string | null, value: string | null, effect: string]) => JSON.stringify(parts);

/** A toleration by an operator that is read by nobody covers those that say the same. */
const itself = (toleration: Toleration) => String(identityOf(toleration));
