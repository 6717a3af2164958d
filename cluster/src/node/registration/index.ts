export { type Machine, readMachine } from './machine.ts';
export { pressureConditions } from './node-object.ts';
export { registerNode } from './register.ts';
