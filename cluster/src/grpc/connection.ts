import { BerthError, type BerthErrorCode } from '@berth/kube/errors';
import {
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

/** A gRPC channel to a unix socket, and calls on it by service and method name. */
export interface Connection<Service extends string> {
  call<Response>(service: Service, method: string, request: object, options?: CallOptions): Promise<Response>;
  stream<Response>(service: Service, method: string, request: object): ClientReadableStream<Response>;
  close(): void;
}

export interface CallOptions {
  deadlineMs?: number;
  /** Whether nobody listening yet is waited for, until the deadline, rather than told at once. */
  waitForReady?: boolean;
}

/** Calls answer within two minutes, or within their own deadline, or fail with `Timeout`. */
const defaultDeadlineMs = 120_000;

/** Connects to a socket, also one that is not there yet, for the services that the `.proto` files describe. */
export function connect<Service extends string>(socket: string, protos: readonly string[]): Connection<Service> {
  const definition = loadSync([...protos], {
    keepCase: false,
    longs: String,
    enums: String,
    defaults: true,
    arrays: true,
    objects: true,
  });
  // Go's gRPC refuses the socket's path as an authority.
  const client = new Client(`unix://${socket}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.max_receive_message_length': 32 << 20,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
  });
  const methodOf = (service: Service, method: string): MethodDefinition<object, object> => {
    const found = (definition[service] as ServiceDefinition | undefined)?.[method];
    if (!found) throw new BerthError('InternalError', `the method ${service}/${method} is not described`);
    return found;
  };
  return {
    call<Response>(service: Service, method: string, request: object, options: CallOptions = {}) {
      const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
      const deadline = Date.now() + (options.deadlineMs ?? defaultDeadlineMs);
      return new Promise<Response>((resolve, reject) => {
        const metadata = new Metadata({ waitForReady: options.waitForReady ?? false });
        const answered = (error: ServiceError | null, value?: object) => {
          if (error) reject(berthErrorOf(error, method));
          else resolve(value as Response);
        };
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline }, answered);
      });
    },
    stream<Response>(service: Service, method: string, request: object) {
      const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
      return client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
      ) as ClientReadableStream<Response>;
    },
    close: () => client.close(),
  };
}

const codes: Partial<Record<status, BerthErrorCode>> = {
  [status.NOT_FOUND]: 'NotFound',
  [status.ALREADY_EXISTS]: 'AlreadyExists',
  [status.INVALID_ARGUMENT]: 'BadRequest',
  [status.FAILED_PRECONDITION]: 'Conflict',
  [status.ABORTED]: 'Conflict',
  [status.DEADLINE_EXCEEDED]: 'Timeout',
  [status.UNAVAILABLE]: 'ServiceUnavailable',
  [status.PERMISSION_DENIED]: 'Forbidden',
};

/** The words of kubelet for a failed call, `rpc error: code = … desc = …`, since people search for them. */
function berthErrorOf(error: ServiceError, method: string): BerthError {
  const code = codes[error.code] ?? 'InternalError';
  const name = (status[error.code] ?? 'UNKNOWN')
    .toLowerCase()
    .replace(/(^|_)([a-z])/g, (_, __, letter: string) => letter.toUpperCase());
  return new BerthError(code, `rpc error: code = ${name} desc = ${error.details || error.message}`, {
    cause: new Error(`${method}: ${error.message}`),
  });
}
