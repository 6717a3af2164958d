export { claimController } from './claim.ts';
export { claimProtection, volumeProtection } from './protection.ts';
export { volumeController } from './volume.ts';
