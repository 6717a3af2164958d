export { type Machine, readMachine } from './machine.ts';
export { memoryForPods } from './node-object.ts';
export { type RegistrationOptions, registerNode } from './register.ts';
