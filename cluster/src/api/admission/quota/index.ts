export { resourceQuota } from './resource-quota.ts';
