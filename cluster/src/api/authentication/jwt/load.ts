import { BerthError } from '@berth/kube/errors';
import { sentenceOf } from '@berth/kube/schema';
import { decodeAuthentication } from './decode.ts';
import type { AnonymousAuthentication, AuthenticationConfiguration, JwtAuthenticator } from './types.ts';
import { type Expressions, validateAuthentication } from './validate.ts';

export interface LoadedAuthentication {
  configuration: AuthenticationConfiguration;
  expressions: readonly Expressions[];
  /** Sentences that whoever wrote it should read. */
  remarks: readonly string[];
}

export interface LoadOptions {
  /** The issuer of the server's own tokens, which is nobody else's. */
  own: string;
  /** With which the server began, which stays: whether nobody in particular may ask is not to change unnoticed. */
  anonymous?: { was: AnonymousAuthentication | undefined };
}

/** What the text of an AuthenticationConfiguration says. Throws `Invalid` in the words of kube-apiserver. */
export function loadAuthentication(text: string, { own, anonymous }: LoadOptions): LoadedAuthentication {
  let configuration: AuthenticationConfiguration;
  try {
    configuration = decodeAuthentication(text);
  } catch (error) {
    throw new BerthError('Invalid', (error as Error).message, { cause: error });
  }
  const { problems, expressions } = validateAuthentication(configuration, own);
  if (anonymous && JSON.stringify(anonymous.was) !== JSON.stringify(configuration.anonymous))
    problems.forbidden('anonymous', 'changed from initial configuration file');
  if (problems.causes.length > 0) throw new BerthError('Invalid', sentenceOf(problems.causes));
  for (const { issuer } of configuration.jwt) {
    const { egressSelectorType: type } = issuer;
    // There are no egress proxies here; kube-apiserver without any says the same.
    if (type !== '')
      throw new BerthError('Invalid', `oidc: egress lookup required with egress selector type ${JSON.stringify(type)}`);
  }
  return { configuration, expressions, remarks: configuration.jwt.flatMap(remarkOn) };
}

/** Whoever may name `system:masters` may do everything, and an issuer that nothing holds back names whom it likes. */
function remarkOn({ issuer: { url }, claimMappings: { username, groups }, userValidationRules }: JwtAuthenticator) {
  const isFree = ({ claim, prefix = '', expression }: typeof username) =>
    prefix === '' && (claim !== '' || expression !== '') && !/^\s*(['"])(?!system:)[^'"]+\1\s*\+/.test(expression);
  const mentions = userValidationRules.some(({ expression }) => expression.includes('system:'));
  const free = [...(isFree(username) ? ['users'] : []), ...(isFree(groups) ? ['groups'] : [])];
  if (free.length === 0 || mentions) return [];
  const rule = "!user.username.startsWith('system:') && user.groups.all(group, !group.startsWith('system:'))";
  return [
    `${url} may name ${free.join(' and ')} that begin with "system:", up to system:masters, who may do everything: give a prefix, or the userValidationRule ${rule}`,
  ];
}
