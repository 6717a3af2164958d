export { claimController } from './claim.ts';
export { claimPlacement } from './placement.ts';
export { claimProtection, volumeProtection } from './protection.ts';
export { volumeController } from './volume.ts';
