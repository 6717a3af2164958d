export { type Machine, readMachine } from './machine.ts';
export { pressureConditions } from './node-object.ts';
export { type RegistrationOptions, registerNode } from './register.ts';
