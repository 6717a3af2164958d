import { fileURLToPath } from 'node:url';
import { type Connection as ConnectionTo, connect as connectTo } from '../../../grpc/connection.ts';

const protos = ['runtime.proto', 'containerd-events.proto'].map((name) =>
  fileURLToPath(new URL(`./proto/${name}`, import.meta.url)),
);

type Service = 'runtime.v1.RuntimeService' | 'runtime.v1.ImageService' | 'containerd.services.events.v1.Events';

export type Connection = ConnectionTo<Service>;

export function connect(socket: string): Connection {
  return connectTo(socket, protos);
}
