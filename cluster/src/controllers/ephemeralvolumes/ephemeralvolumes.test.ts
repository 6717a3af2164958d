import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe } from 'vitest';
import { ephemeralVolumeController } from './index.ts';

describe('claims of ephemeral volumes', () => goldenTests(`${import.meta.dirname}/golden`, ephemeralVolumeController));
