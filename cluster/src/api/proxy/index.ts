export { checkProxyable } from './address.ts';
export { forward, forwardUpgrade } from './exchange.ts';
export { type ObjectProxy, objectProxy } from './handler.ts';
export { connectTo, type Dial, dialTcp, type ProxyTarget, type ProxyTls } from './target.ts';
