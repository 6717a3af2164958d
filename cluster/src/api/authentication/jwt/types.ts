/** `AuthenticationConfiguration` of `apiserver.config.k8s.io`. What a file does not say is ''. */
export interface AuthenticationConfiguration {
  jwt: readonly JwtAuthenticator[];
  /** Absent: as the server does by itself. */
  anonymous?: AnonymousAuthentication;
}

export interface AnonymousAuthentication {
  enabled: boolean;
  /** Where nobody in particular may ask; none: everywhere. */
  conditions: readonly { path: string }[];
}

/** Whose tokens are good, for whom, and as whom. */
export interface JwtAuthenticator {
  issuer: Issuer;
  claimValidationRules: readonly ClaimValidationRule[];
  claimMappings: ClaimMappings;
  userValidationRules: readonly UserValidationRule[];
}

export interface Issuer {
  url: string;
  discoveryURL: string;
  /** PEM. '': those that the machine trusts. */
  certificateAuthority: string;
  audiences: readonly string[];
  audienceMatchPolicy: string;
  egressSelectorType: string;
}

export interface ClaimValidationRule {
  claim: string;
  requiredValue: string;
  expression: string;
  message: string;
}

export interface ClaimMappings {
  username: PrefixedClaimOrExpression;
  groups: PrefixedClaimOrExpression;
  uid: ClaimOrExpression;
  extra: readonly { key: string; valueExpression: string }[];
}

export interface ClaimOrExpression {
  claim: string;
  expression: string;
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  prefix: string | undefined;
}

export interface UserValidationRule {
  expression: string;
  message: string;
}
