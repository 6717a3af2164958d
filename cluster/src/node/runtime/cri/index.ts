export { createCriRuntime } from './runtime.ts';
