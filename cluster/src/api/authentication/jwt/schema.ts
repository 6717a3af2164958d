import { catalogueOf, type Schema } from '@berth/kube/schema';

const text: Schema = { type: 'string' };
const listOf = (items: Schema): Schema => ({ type: 'array', items });
const ref = (name: string): Schema => ({ $ref: `v1.${name}` });
const struct = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties });

export const root = 'v1.AuthenticationConfiguration';

/** The types of `apiserver.config.k8s.io/v1`, which its older versions share. Source: `types.go` of `k8s.io/apiserver/pkg/apis/apiserver/v1`. */
export const catalogue = catalogueOf({
  [root]: struct({
    apiVersion: text,
    kind: text,
    jwt: listOf(ref('JWTAuthenticator')),
    anonymous: ref('AnonymousAuthConfig'),
  }),
  'v1.AnonymousAuthConfig': struct({
    enabled: { type: 'boolean' },
    conditions: listOf(ref('AnonymousAuthCondition')),
  }),
  'v1.AnonymousAuthCondition': struct({ path: text }),
  'v1.JWTAuthenticator': struct({
    issuer: ref('Issuer'),
    claimValidationRules: listOf(ref('ClaimValidationRule')),
    claimMappings: ref('ClaimMappings'),
    userValidationRules: listOf(ref('UserValidationRule')),
  }),
  'v1.Issuer': struct({
    url: text,
    discoveryURL: text,
    certificateAuthority: text,
    audiences: listOf(text),
    audienceMatchPolicy: text,
    egressSelectorType: text,
  }),
  'v1.ClaimValidationRule': struct({ claim: text, requiredValue: text, expression: text, message: text }),
  'v1.ClaimMappings': struct({
    username: ref('PrefixedClaimOrExpression'),
    groups: ref('PrefixedClaimOrExpression'),
    uid: ref('ClaimOrExpression'),
    extra: listOf(ref('ExtraMapping')),
  }),
  'v1.PrefixedClaimOrExpression': struct({ claim: text, prefix: text, expression: text }),
  'v1.ClaimOrExpression': struct({ claim: text, expression: text }),
  'v1.ExtraMapping': struct({ key: text, valueExpression: text }),
  'v1.UserValidationRule': struct({ expression: text, message: text }),
});
