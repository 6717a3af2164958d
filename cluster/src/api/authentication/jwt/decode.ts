import { decodeConfigFile } from '../../../config-file/index.ts';
import { catalogue, root } from './schema.ts';
import type { AuthenticationConfiguration, ClaimMappings, JwtAuthenticator } from './types.ts';

const names = ['v1', 'v1beta1', 'v1alpha1'].map(
  (version) => `apiserver.config.k8s.io/${version} AuthenticationConfiguration`,
);

type Given<T> = { [field in keyof T]?: T[field] extends object ? Given<T[field]> : T[field] };

/** Reads the text of an AuthenticationConfiguration, YAML or JSON; it may be invalid still. Throws as `decodeConfigFile`. */
export function decodeAuthentication(text: string): AuthenticationConfiguration {
  if (text === '') throw new Error('empty config data');
  const given = decodeConfigFile(text, { names, root, catalogue }) as Given<AuthenticationConfiguration>;
  const { anonymous } = given;
  const conditions = listOf<{ path?: string }>(anonymous?.conditions).map((one) => ({ path: one?.path ?? '' }));
  return {
    jwt: listOf<Given<JwtAuthenticator>>(given.jwt).map(authenticatorOf),
    ...(anonymous ? { anonymous: { enabled: anonymous.enabled ?? false, conditions } } : {}),
  };
}

function authenticatorOf(given: Given<JwtAuthenticator> | undefined): JwtAuthenticator {
  const { issuer, claimValidationRules, claimMappings, userValidationRules } = given ?? {};
  return {
    issuer: {
      url: issuer?.url ?? '',
      discoveryURL: issuer?.discoveryURL ?? '',
      certificateAuthority: issuer?.certificateAuthority ?? '',
      audiences: listOf<string>(issuer?.audiences).map((audience) => audience ?? ''),
      audienceMatchPolicy: issuer?.audienceMatchPolicy ?? '',
      egressSelectorType: issuer?.egressSelectorType ?? '',
    },
    claimValidationRules: listOf<Given<JwtAuthenticator['claimValidationRules'][number]>>(claimValidationRules).map(
      (rule) => ({
        claim: rule?.claim ?? '',
        requiredValue: rule?.requiredValue ?? '',
        expression: rule?.expression ?? '',
        message: rule?.message ?? '',
      }),
    ),
    claimMappings: mappingsOf(claimMappings),
    userValidationRules: listOf<Given<JwtAuthenticator['userValidationRules'][number]>>(userValidationRules).map(
      (rule) => ({ expression: rule?.expression ?? '', message: rule?.message ?? '' }),
    ),
  };
}

function mappingsOf(given: Given<ClaimMappings> | undefined): ClaimMappings {
  const either = (from: { claim?: string; expression?: string } | undefined) => ({
    claim: from?.claim ?? '',
    expression: from?.expression ?? '',
  });
  return {
    username: { ...either(given?.username), prefix: given?.username?.prefix },
    groups: { ...either(given?.groups), prefix: given?.groups?.prefix },
    uid: either(given?.uid),
    extra: listOf<Given<ClaimMappings['extra'][number]>>(given?.extra).map((one) => ({
      key: one?.key ?? '',
      valueExpression: one?.valueExpression ?? '',
    })),
  };
}

function listOf<T>(given: unknown): (T | undefined)[] {
  return (given as (T | undefined)[] | undefined) ?? [];
}
