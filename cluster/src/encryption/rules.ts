import { AesCbc } from './aes-cbc.ts';
import { AesGcm } from './aes-gcm.ts';
import {
  type EncryptionConfiguration,
  type GroupResource,
  groupResourceOf,
  type Keys,
  type KmsConfiguration,
  named,
  type ProviderConfiguration,
  secretOf,
} from './configuration/index.ts';
import { plainly } from './identity.ts';
import { type Prefixed, PrefixedTransformers } from './prefixed.ts';
import { Secretbox } from './secretbox.ts';
import type { Transformer } from './transformer.ts';

/** Providers in their order, by what they are for: `secrets.`, `deployments.apps`, `*.apps`, `*.*`. */
export type Rules = ReadonlyMap<string, readonly Prefixed[]>;

/** Reaches a key management service, v2, for what is kept under its name. */
export type OpenKms = (kms: KmsConfiguration) => Transformer;

/** What a valid configuration says. Throws an `Error` for what cannot count, in kube-apiserver's words. */
export function rulesOf({ resources }: EncryptionConfiguration, openKms: OpenKms = noKms): Rules {
  const rules = new Map<string, Prefixed[]>();
  for (const { resources: names, providers } of resources) {
    const list = providers.map((provider) => prefixedOf(provider, openKms));
    for (const name of names) {
      const of = groupResourceOf(name);
      checkMasks(rules, of);
      rules.set(ruleName(of), [...(rules.get(ruleName(of)) ?? []), ...list]);
    }
  }
  return rules;
}

/** The providers of a resource: its own, else its group's, else everybody's. */
export function providersOf(rules: Rules, of: GroupResource): readonly Prefixed[] | undefined {
  return rules.get(ruleName(of)) ?? rules.get(ruleName(ofGroup(of))) ?? rules.get(ruleName(everything));
}

const noKms: OpenKms = ({ name }) => {
  throw new Error(`no key management service ${name} can be asked here`);
};

const ruleName = ({ group, resource }: GroupResource) => `${resource}.${group}`;
const ofGroup = ({ group }: GroupResource): GroupResource => ({ group, resource: '*' });
const everything: GroupResource = { group: '*', resource: '*' };

function checkMasks(rules: Rules, of: GroupResource): void {
  const mask = [ofGroup(of), everything].find((earlier) => rules.has(ruleName(earlier)));
  if (mask) throw new Error(`resource "${named(of)}" is masked by earlier rule "${named(mask)}"`);
}

function prefixedOf({ aesgcm, aescbc, secretbox, kms }: ProviderConfiguration, openKms: OpenKms): Prefixed {
  if (aesgcm) return keyed('k8s:enc:aesgcm:v1:', aesgcm, (secret) => new AesGcm(secret), 'AES');
  if (aescbc) return keyed('k8s:enc:aescbc:v1:', aescbc, (secret) => new AesCbc(secret), 'AES');
  if (secretbox) return keyed('k8s:enc:secretbox:v1:', secretbox, (secret) => new Secretbox(secret), 'Secretbox');
  if (kms) {
    if (kms.apiVersion === 'v1') throw new Error(deprecated);
    return { prefix: Buffer.from(`k8s:enc:kms:v2:${kms.name}:`), transformer: openKms(kms) };
  }
  return plainly;
}

const deprecated = 'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.';

/** A provider that has several keys, each with a name that its values bear. */
function keyed(prefix: string, { keys }: Keys, make: (secret: Buffer) => Transformer, called: string): Prefixed {
  const list = keys.map(({ name, secret }) => ({
    prefix: Buffer.from(`${name}:`),
    transformer: make(secretOf(secret) as Buffer),
  }));
  const unknown = `no matching key was found for the provided ${called} transformer`;
  return { prefix: Buffer.from(prefix), transformer: new PrefixedTransformers(list, unknown) };
}
