export { type Machine, readMachine } from './machine.ts';
export { type RegistrationOptions, registerNode } from './register.ts';
