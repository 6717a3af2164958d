import { goldenTests } from '@berth/kube/reconcile/golden';
import { describe } from 'vitest';
import { replicaSetController, replicationController } from './index.ts';

const golden = `${import.meta.dirname}/golden`;

describe('a replica set', () => goldenTests(`${golden}/replicasets`, replicaSetController));
describe('a replication controller', () => goldenTests(`${golden}/replicationcontrollers`, replicationController));
