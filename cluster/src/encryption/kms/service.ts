import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { BerthError } from '@berth/kube/errors';
import { connect } from '../../grpc/connection.ts';

export interface KmsStatus {
  version: string;
  /** `ok`, or what is wrong. */
  healthz: string;
  /** Of the key under which it encrypts now. */
  keyId: string;
}

export interface KmsEncrypted {
  ciphertext: Buffer;
  keyId: string;
  annotations: Record<string, Buffer>;
}

/** A key management service, v2. Calls reject with a `BerthError` in gRPC's words, also when no answer comes in time. */
export interface KmsService {
  status(): Promise<KmsStatus>;
  encrypt(plaintext: Buffer): Promise<KmsEncrypted>;
  decrypt(encrypted: KmsEncrypted): Promise<Buffer>;
  close(): void;
}

export type KmsServiceFactory = (socket: string, timeoutMs: number) => KmsService;

const proto = fileURLToPath(new URL('./kms.proto', import.meta.url));
const service = 'v2.KeyManagementService';

/** The plugin that serves a unix socket, which may come up later. */
export function connectKms(socket: string, timeoutMs: number): KmsService {
  const connection = connect<typeof service>(socket, [proto]);
  const call = async <Response>(method: string, request: object) => {
    try {
      return await connection.call<Response>(service, method, request, { deadlineMs: timeoutMs, waitForReady: true });
    } catch (cause) {
      if (!(cause instanceof BerthError)) throw cause;
      throw new BerthError(cause.code, `${cause.message} (plugin at ${socket})`, { cause });
    }
  };
  return {
    status: () => call<KmsStatus>('Status', {}),
    encrypt: (plaintext) => call<KmsEncrypted>('Encrypt', { plaintext, uid: randomUUID() }),
    async decrypt({ ciphertext, keyId, annotations }) {
      const request = { ciphertext, uid: randomUUID(), keyId, annotations };
      return (await call<{ plaintext: Buffer }>('Decrypt', request)).plaintext;
    },
    close: () => connection.close(),
  };
}
