import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe } from 'vitest';
import { replicaSetController } from './index.ts';

describe('a replica set', () => goldenTests(`${import.meta.dirname}/golden`, replicaSetController));
