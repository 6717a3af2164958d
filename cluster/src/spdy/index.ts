/** SPDY/3.1 as far as Kubernetes' streaming protocols use it: exec, attach and port-forward, to clients and to runtimes. */
export { type Backpressure, backpressure } from './backpressure.ts';
export {
  dataFrame,
  type Frame,
  frames,
  goAwayFrame,
  pingFrame,
  resetFrame,
  synReplyFrame,
  synStreamFrame,
} from './frames.ts';
export { type SpdyServerConnection, serveSpdy } from './server.ts';
