export { ownProcess } from './agent-metrics.ts';
export { type AgentFacts, answerOf } from './answer.ts';
export { type AgentServer, type AgentServerOptions, startAgentServer } from './listen.ts';
export type { Rates } from './summary.ts';
