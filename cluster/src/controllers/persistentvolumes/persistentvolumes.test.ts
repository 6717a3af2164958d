import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe } from 'vitest';
import { claimController, claimProtection, volumeController, volumeProtection } from './index.ts';

const golden = `${import.meta.dirname}/golden`;

describe('a claim and its volume', () => goldenTests(`${golden}/claim`, claimController));
describe('a volume and its claim', () => goldenTests(`${golden}/volume`, volumeController));
describe('a claim in use', () => goldenTests(`${golden}/protection`, claimProtection));
describe('a volume in use', () => goldenTests(`${golden}/volume-protection`, volumeProtection));
