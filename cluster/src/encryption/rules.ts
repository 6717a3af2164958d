import { AesGcm } from './aes-gcm.ts';
import type { EncryptionConfiguration, Keys, ProviderConfiguration } from './configuration/types.ts';
import { identity } from './identity.ts';
import { type Prefixed, PrefixedTransformers } from './prefixed.ts';
import type { Transformer } from './transformer.ts';

/** Providers in their order, by what they are for: `secrets.`, `deployments.apps`, `*.apps`, `*.*`. */
export type Rules = ReadonlyMap<string, readonly Prefixed[]>;

/** What a configuration says. It must be valid. */
export function rulesOf({ resources }: Pick<EncryptionConfiguration, 'resources'>): Rules {
  const rules = new Map<string, Prefixed[]>();
  for (const { resources: names, providers } of resources) {
    const list = providers.map(prefixedOf);
    for (const name of names) {
      const rule = ruleName(name);
      rules.set(rule, [...(rules.get(rule) ?? []), ...list]);
    }
  }
  return rules;
}

/** The providers of a resource: its own, else its group's, else everybody's. `group` is '' for the core group. */
export function providersOf(rules: Rules, group: string, resource: string): readonly Prefixed[] | undefined {
  return rules.get(`${resource}.${group}`) ?? rules.get(`*.${group}`) ?? rules.get('*.*');
}

/** `secrets` is of the core group, as `secrets.`. */
function ruleName(resource: string): string {
  return resource.includes('.') ? resource : `${resource}.`;
}

function prefixedOf({ aesgcm }: ProviderConfiguration): Prefixed {
  if (aesgcm) return keyed('k8s:enc:aesgcm:v1:', aesgcm, (secret) => new AesGcm(secret), 'AES');
  return { prefix: Buffer.alloc(0), transformer: identity };
}

/** A provider that has several keys, each with a name that its values bear. */
function keyed(prefix: string, { keys }: Keys, make: (secret: Buffer) => Transformer, called: string): Prefixed {
  const list = keys.map(({ name, secret }) => ({
    prefix: Buffer.from(`${name}:`),
    transformer: make(Buffer.from(secret, 'base64')),
  }));
  const unknown = `no matching key was found for the provided ${called} transformer`;
  return { prefix: Buffer.from(prefix), transformer: new PrefixedTransformers(list, unknown) };
}
