import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { KmsEncrypted } from './service.ts';
import { decryptUnder, encryptUnder } from './testing.ts';

/*
 * For tests: a key management service in a process of its own, on a unix socket. Its second argument, and each line of its input, is a
 * `Behaviour` as JSON, which counts from then on and is acknowledged; each call is told as `call <method>`.
 */

export interface Behaviour {
  /** What it encrypts under, and says that it does. */
  keyId?: string;
  /** Keys that it has no more. */
  lost?: string[];
  /** Answers nothing. */
  hangs?: boolean;
  /** What it decrypts is something else. */
  lies?: boolean;
}

type Call = ServerUnaryCall<Partial<KmsEncrypted> & { plaintext?: Buffer }, object>;

const [socket = '', first = '{}'] = process.argv.slice(2);
let behaviour: Behaviour = { keyId: 'first', ...(JSON.parse(first) as Behaviour) };

const methods = {
  Status: () => ({ version: 'v2', healthz: 'ok', keyId: behaviour.keyId }),
  Encrypt: ({ request }: Call) => encryptUnder(behaviour.keyId ?? '', request.plaintext as Buffer),
  Decrypt({ request }: Call) {
    if (behaviour.lost?.includes(request.keyId ?? '')) throw new Error('there is no such key');
    if (behaviour.lies) return { plaintext: Buffer.alloc(32, 7) };
    return { plaintext: decryptUnder(request as KmsEncrypted) };
  },
};

const proto = loadSync(fileURLToPath(new URL('./kms.proto', import.meta.url)), { keepCase: false, defaults: true });
const server = new Server();
server.addService(
  proto['v2.KeyManagementService'] as ServiceDefinition,
  Object.fromEntries(
    Object.entries(methods).map(([name, answer]) => [
      name,
      (call: Call, done: sendUnaryData<object>) => {
        process.stdout.write(`call ${name}\n`);
        if (behaviour.hangs) return;
        try {
          done(null, answer(call));
        } catch (error) {
          done({ code: 3, details: (error as Error).message });
        }
      },
    ]),
  ),
);
server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  process.stdout.write('serving\n');
});
createInterface(process.stdin).on('line', (line) => {
  behaviour = { ...behaviour, ...(JSON.parse(line) as Behaviour) };
  process.stdout.write('changed\n');
});
