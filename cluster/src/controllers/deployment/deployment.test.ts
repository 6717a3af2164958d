import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe } from 'vitest';
import { deploymentController } from './index.ts';

describe('a deployment', () => goldenTests(`${import.meta.dirname}/golden`, deploymentController));
