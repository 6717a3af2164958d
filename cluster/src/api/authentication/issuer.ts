import type { PathHandler } from '../http/handle.ts';
import type { ServiceAccountTokens } from './service-accounts.ts';

const keysPath = '/openid/v1/jwks';
/** As long as Kubernetes lets others keep what it says of itself. */
const headers = { 'cache-control': 'public, max-age=3600' };

/**
 * What others need to judge service-account tokens by themselves: who issues them and with which keys. `address` answers the
 * host and port at which this server is found. Source: OpenID Connect Discovery 1.0, section 3; RFC 7517.
 */
export function issuerHandler(tokens: ServiceAccountTokens, address: () => string): PathHandler {
  return (path) => {
    switch (path.replace(/\/$/, '')) {
      case '/.well-known/openid-configuration': {
        const configuration = {
          issuer: tokens.issuer,
          jwks_uri: `https://${address()}${keysPath}`,
          response_types_supported: ['id_token'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: tokens.publicKeys.map(({ alg }) => alg),
        };
        return { body: Buffer.from(JSON.stringify(configuration)), headers };
      }
      case keysPath: {
        const keys = { keys: tokens.publicKeys };
        return { body: Buffer.from(JSON.stringify(keys)), type: 'application/jwk-set+json', headers };
      }
      default:
        return undefined;
    }
  };
}
