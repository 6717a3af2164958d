import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type JWK, type JWTPayload, type JWTVerifyOptions, jwtVerify, SignJWT } from 'jose';
import type { AuthenticationOptions } from '../types.ts';

const algorithm = 'ES256';

/** What the tokens of service accounts are signed with. */
export class SigningKey {
  readonly publicJwk: JWK & { alg: string };
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #id: string;

  /** From PEM. */
  constructor({ privateKey, publicKey }: AuthenticationOptions['serviceAccountKey']) {
    this.#private = createPrivateKey(privateKey);
    this.#public = createPublicKey(publicKey);
    const spki = this.#public.export({ type: 'spki', format: 'der' });
    this.#id = createHash('sha256').update(spki).digest('base64url');
    const { kty, crv, x, y } = this.#public.export({ format: 'jwk' }) as JWK;
    this.publicJwk = { use: 'sig', kty, kid: this.#id, crv, alg: algorithm, x, y } as JWK & { alg: string };
  }

  /** A signed token; `complete` sets the registered claims. */
  async sign(claims: JWTPayload, complete: (jwt: SignJWT) => SignJWT): Promise<string> {
    const jwt = new SignJWT(claims).setProtectedHeader({ alg: algorithm, kid: this.#id });
    return await complete(jwt).sign(this.#private);
  }

  /** The claims of a token that this key signed. Throws when it did not, or when they are not as `options` asks. */
  async verify(token: string, options: JWTVerifyOptions): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, this.#public, { ...options, algorithms: [algorithm] });
    return payload;
  }
}
