import { X509Certificate } from 'node:crypto';
import { parseUrl } from '@berth/kube/cel';
import { dnsSubdomain, Problems } from '@berth/kube/schema';
import { type Expression, expressionOf } from './expressions.ts';
import type { AuthenticationConfiguration, Issuer, JwtAuthenticator, PrefixedClaimOrExpression } from './types.ts';

/** What an authenticator's expressions were compiled to. */
export interface Expressions {
  username?: Expression;
  groups?: Expression;
  uid?: Expression;
  extra: { key: string; expression: Expression }[];
  claimRules: { message: string; expression: Expression }[];
  userRules: { message: string; expression: Expression }[];
}

export interface Validated {
  problems: Problems;
  /** In the order of the authenticators; only to be used when there are no problems. */
  expressions: Expressions[];
}

const most = 64;

/**
 * What is wrong with a configuration, in the words and the order of kube-apiserver, and what its expressions mean. `own` is the issuer of the
 * server's own tokens. Source: `validation.go` of `k8s.io/apiserver/pkg/apis/apiserver/validation`.
 */
export function validateAuthentication({ jwt, anonymous }: AuthenticationConfiguration, own: string): Validated {
  const problems = new Problems();
  if (jwt.length > most) {
    problems.tooMany('jwt', jwt.length, most);
    return { problems, expressions: [] };
  }
  const seen = { urls: new Set<string>(), discoveryURLs: new Set<string>() };
  const expressions = jwt.map((authenticator, index) => {
    const compiled = checkAuthenticator(problems, `jwt[${index}]`, authenticator, own);
    const { url, discoveryURL } = authenticator.issuer;
    if (seen.urls.has(url)) problems.duplicate(`jwt[${index}].issuer.url`, url);
    seen.urls.add(url);
    if (discoveryURL !== '' && seen.discoveryURLs.has(discoveryURL))
      problems.duplicate(`jwt[${index}].issuer.discoveryURL`, discoveryURL);
    seen.discoveryURLs.add(discoveryURL);
    return compiled;
  });
  if (anonymous && !anonymous.enabled && anonymous.conditions.length > 0) {
    const shown = anonymous.conditions.map(({ path }) => ({ Path: path }));
    problems.invalid('anonymous.conditions', shown, 'enabled should be set to true when conditions are defined');
  }
  return { problems, expressions };
}

function checkAuthenticator(problems: Problems, at: string, authenticator: JwtAuthenticator, own: string): Expressions {
  checkIssuer(problems, `${at}.issuer`, authenticator.issuer, own);
  const claimRules = checkClaimRules(problems, `${at}.claimValidationRules`, authenticator);
  const mapped = checkMappings(problems, `${at}.claimMappings`, authenticator);
  const verifies = [
    mapped.username,
    ...mapped.extra.map((one) => one.expression),
    ...claimRules.map((one) => one.expression),
  ];
  const selects = (expression: Expression | undefined, field: string) => expression?.program.selects('claims', field);
  if (selects(mapped.username, 'email') && !verifies.some((one) => selects(one, 'email_verified'))) {
    const why =
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression';
    problems.invalid(`${at}.claimMappings.username.expression`, authenticator.claimMappings.username.expression, why);
  }
  return { ...mapped, claimRules, userRules: checkUserRules(problems, `${at}.userValidationRules`, authenticator) };
}

function checkIssuer(problems: Problems, at: string, issuer: Issuer, own: string): void {
  const {
    url,
    discoveryURL,
    audiences,
    audienceMatchPolicy: policy,
    certificateAuthority,
    egressSelectorType,
  } = issuer;
  if (url === '') problems.required(`${at}.url`);
  else checkUrl(problems, `${at}.url`, url, own);
  if (discoveryURL !== '') {
    if (url !== '' && bare(url) === bare(discoveryURL))
      problems.invalid(`${at}.discoveryURL`, discoveryURL, 'discoveryURL must be different from URL');
    checkUrl(problems, `${at}.discoveryURL`, discoveryURL, undefined);
  }
  checkAudiences(problems, `${at}.audiences`, audiences);
  if (audiences.length > 1 && policy !== 'MatchAny') {
    problems.invalid(
      `${at}.audienceMatchPolicy`,
      policy,
      'audienceMatchPolicy must be MatchAny for multiple audiences',
    );
  }
  if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny') {
    const why = 'audienceMatchPolicy must be empty or MatchAny for single audience';
    problems.invalid(`${at}.audienceMatchPolicy`, policy, why);
  }
  const fault = certificateAuthority === '' ? undefined : faultOfAuthority(certificateAuthority);
  if (fault !== undefined) problems.invalid(`${at}.certificateAuthority`, '<omitted>', fault);
  if (!['', 'controlplane', 'cluster'].includes(egressSelectorType)) {
    const why = 'egress selector must be either controlplane or cluster';
    problems.invalid(`${at}.egressSelectorType`, egressSelectorType, why);
  }
}

function bare(url: string): string {
  return url.replace(/\/+$/, '');
}

function checkUrl(problems: Problems, at: string, url: string, own: string | undefined): void {
  if (url === own) problems.invalid(at, url, `URL must not overlap with disallowed issuers: [${own}]`);
  const parsed = parseUrl(url);
  if (typeof parsed === 'string') {
    problems.invalid(at, url, parsed);
    return;
  }
  if (parsed.scheme !== 'https') problems.invalid(at, url, 'URL scheme must be https');
  if (parsed.userinfo !== undefined) problems.invalid(at, url, 'URL must not contain a username or password');
  if (parsed.query !== '') problems.invalid(at, url, 'URL must not contain a query');
  if ((parsed.fragment ?? '') !== '') problems.invalid(at, url, 'URL must not contain a fragment');
}

function checkAudiences(problems: Problems, at: string, audiences: readonly string[]): void {
  if (audiences.length === 0) problems.required(at, `at least one ${at} is required`);
  const seen = new Set<string>();
  for (const [index, audience] of audiences.entries()) {
    if (audience === '') problems.required(`${at}[${index}]`);
    if (seen.has(audience)) problems.duplicate(`${at}[${index}]`, audience);
    seen.add(audience);
  }
}

const block = /-----BEGIN CERTIFICATE-----\r?\n([\s\S]*?)-----END CERTIFICATE-----/g;

function faultOfAuthority(pem: string): string | undefined {
  const blocks = [...pem.matchAll(block)].filter(([, body = '']) => !body.includes(':'));
  if (blocks.length === 0) return 'data does not contain any valid RSA or ECDSA certificates';
  try {
    for (const [text] of blocks) new X509Certificate(text);
    return undefined;
  } catch {
    return 'x509: malformed certificate';
  }
}

function compiled(
  problems: Problems,
  at: string,
  text: string,
  { about, isCondition }: { about: 'claims' | 'user'; isCondition: boolean },
): Expression | undefined {
  try {
    return expressionOf(text, about, isCondition);
  } catch (error) {
    problems.invalid(at, text, (error as Error).message);
    return undefined;
  }
}

function checkClaimRules(
  problems: Problems,
  at: string,
  { claimValidationRules: rules }: JwtAuthenticator,
): Expressions['claimRules'] {
  const claims = new Set<string>();
  const expressions = new Set<string>();
  return rules.flatMap(({ claim, requiredValue, expression, message }, index) => {
    const here = `${at}[${index}]`;
    if (claim !== '' && expression !== '') problems.invalid(here, claim, "claim and expression can't both be set");
    else if (claim === '' && expression === '') problems.required(here, 'claim or expression is required');
    else if (claim !== '') {
      if (message !== '') problems.invalid(`${here}.message`, message, 'may not be specified when claim is set');
      if (claims.has(claim)) problems.duplicate(`${here}.claim`, claim);
      claims.add(claim);
    } else {
      if (requiredValue !== '')
        problems.invalid(`${here}.requiredValue`, requiredValue, 'may not be specified when expression is set');
      if (expressions.has(expression)) problems.duplicate(`${here}.expression`, expression);
      else {
        expressions.add(expression);
        const found = compiled(problems, `${here}.expression`, expression, { about: 'claims', isCondition: true });
        return found ? [{ message, expression: found }] : [];
      }
    }
    return [];
  });
}

type Mapped = Pick<Expressions, 'username' | 'groups' | 'uid' | 'extra'>;

function checkMappings(problems: Problems, at: string, { claimMappings: mappings }: JwtAuthenticator): Mapped {
  const username = checkMapping(problems, `${at}.username`, mappings.username, true);
  const groups = checkMapping(problems, `${at}.groups`, mappings.groups, false);
  const { claim, expression } = mappings.uid;
  let uid: Expression | undefined;
  if (claim !== '' && expression !== '') problems.invalid(`${at}.uid`, '', "claim and expression can't both be set");
  else if (expression !== '') uid = compiled(problems, `${at}.uid.expression`, expression, mapping);
  const extra = checkExtra(problems, `${at}.extra`, mappings.extra);
  return { ...(username && { username }), ...(groups && { groups }), ...(uid && { uid }), extra };
}

const mapping = { about: 'claims', isCondition: false } as const;

function checkMapping(
  problems: Problems,
  at: string,
  { claim, prefix, expression }: PrefixedClaimOrExpression,
  isRequired: boolean,
): Expression | undefined {
  if (expression !== '' && claim !== '') problems.invalid(at, '', "claim and expression can't both be set");
  else if (expression !== '') {
    if (prefix !== undefined) problems.invalid(`${at}.prefix`, prefix, 'may not be specified when expression is set');
    const found = compiled(problems, `${at}.expression`, expression, mapping);
    return prefix === undefined ? found : undefined;
  } else if (claim === '' && isRequired) problems.required(at, 'claim or expression is required');
  else if (claim !== '' && prefix === undefined) {
    const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing';
    problems.required(`${at}.prefix`, why);
  }
  return undefined;
}

const pathMessage = "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')";

function checkExtra(
  problems: Problems,
  at: string,
  extra: JwtAuthenticator['claimMappings']['extra'],
): Expressions['extra'] {
  const keys = new Set<string>();
  return extra.flatMap(({ key, valueExpression }, index) => {
    const here = `${at}[${index}]`;
    checkKey(problems, `${here}.key`, key);
    if (keys.has(key)) {
      problems.duplicate(`${here}.key`, key);
      return [];
    }
    keys.add(key);
    if (valueExpression === '') {
      problems.required(`${here}.valueExpression`);
      return [];
    }
    const expression = compiled(problems, `${here}.valueExpression`, valueExpression, mapping);
    return expression ? [{ key, expression }] : [];
  });
}

function checkKey(problems: Problems, at: string, key: string): void {
  const slash = key.indexOf('/');
  const [host, path] = slash < 0 ? ['', ''] : [key.slice(0, slash), key.slice(slash + 1)];
  if (key === '') problems.required(at);
  else if (host === '' || path === '')
    problems.invalid(at, key, 'must be a domain-prefixed path (such as "acme.io/foo")');
  else {
    for (const message of dnsSubdomain(host)) problems.invalid(at, host, message);
    if (!/^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(path)) problems.invalid(at, path, pathMessage);
  }
  if (key !== key.toLowerCase()) problems.invalid(at, key, 'must be lowercase');
  if (/^(?:.*\.)?(?:kubernetes|k8s)\.io$/.test(host)) {
    const why = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use';
    problems.invalid(at, key, why);
  }
}

function checkUserRules(
  problems: Problems,
  at: string,
  { userValidationRules: rules }: JwtAuthenticator,
): Expressions['userRules'] {
  const seen = new Set<string>();
  return rules.flatMap(({ expression, message }, index) => {
    const here = `${at}[${index}].expression`;
    if (expression === '') problems.required(here);
    else if (seen.has(expression)) problems.duplicate(here, expression);
    else {
      seen.add(expression);
      const found = compiled(problems, here, expression, { about: 'user', isCondition: true });
      return found ? [{ message, expression: found }] : [];
    }
    return [];
  });
}
