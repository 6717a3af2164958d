import { checkProvider } from './check-provider.ts';
import { Faults } from './faults.ts';
import { type GroupResource, groupResourceOf, same } from './group-resource.ts';
import type { EncryptionConfiguration } from './types.ts';

/**
 * What is wrong with a configuration, a sentence for each fault, in the words and the order of kube-apiserver; none of them
 * shows a key. Source: `validation_encryption.go` of `k8s.io/apiserver`.
 */
export function validateConfiguration({ resources }: EncryptionConfiguration, reload: boolean): string[] {
  const faults = new Faults();
  if (resources.length === 0) faults.required('resources', 'at least one resources is required');
  const kmsNames = new Set<string>();
  for (const [index, { resources: names, providers }] of resources.entries()) {
    const at = `resources[${index}]`;
    if (names.length === 0) faults.required(`${at}.resources`, `at least one ${at}.resources is required`);
    checkOverlap(faults, `${at}.resources`, names);
    for (const [place, name] of names.entries()) checkName(faults, `${at}.resources[${place}]`, name);
    if (providers.length === 0) faults.required(`${at}.providers`, `at least one ${at}.providers is required`);
    for (const [place, provider] of providers.entries()) {
      checkProvider(faults, `${at}.providers[${place}]`, provider, { kmsNames, reload });
    }
  }
  return faults.found;
}

const everything: GroupResource = { group: '*', resource: '*' };

function checkOverlap(faults: Faults, field: string, names: readonly string[]): void {
  const all = names.map(groupResourceOf);
  const pairs = all.flatMap((one, at) => all.slice(at + 1).map((other) => ({ one, other })));
  if (pairs.some(({ one, other }) => same(one, other))) {
    faults.invalid(field, names, 'the same resource cannot be specified multiple times');
  }
  if (pairs.some(overlaps)) {
    const why =
      "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";
    faults.invalid(field, names, why);
  }
}

function overlaps({ one, other }: { one: GroupResource; other: GroupResource }): boolean {
  if (same(one, everything) || same(other, everything)) return true;
  return one.group === other.group && (one.resource === '*' || other.resource === '*');
}

/** What is no kind of its own. */
const withoutApi = ['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'];

function checkName(faults: Faults, field: string, name: string): void {
  const { group, resource } = groupResourceOf(name);
  const why =
    name.toLowerCase() !== name
      ? 'resource name should not contain capital letters'
      : name === '*'
        ? "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
        : withoutApi.includes(name)
          ? 'resources which do not have REST API/s cannot be encrypted'
          : group === 'events.k8s.io'
            ? "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
            : group === 'extensions'
              ? "'extensions' group has been removed and cannot be used for encryption"
              : group === '*' && resource !== '*'
                ? 'encrypting the same resource across groups is not supported'
                : undefined;
  if (why !== undefined) faults.invalid(field, name, why);
}
