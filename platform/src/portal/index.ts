export { startPortal } from './portal.ts';
export type { ClusterConnection, Portal, PortalLimits, PortalOptions, PortalUser } from './types.ts';
