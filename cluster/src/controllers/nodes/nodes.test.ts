import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe } from 'vitest';
import { nodeTaintController } from './index.ts';

describe('the taints of a node', () => goldenTests(`${import.meta.dirname}/golden`, nodeTaintController));
