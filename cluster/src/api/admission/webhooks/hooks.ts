import { AdmissionExpressions, type Compiled } from '@berth/kube/admission';
import type { KubeObject } from '@berth/kube/objects';
import type { LabelSelectorObject } from '@berth/kube/selectors';
import { resourcePrefix } from '../../storage/keys.ts';
import type { ObjectStorage } from '../../storage/object-storage.ts';
import type { StoredObject } from '../../storage/stored-object.ts';
import type { ClientConfig } from '../../webhook/index.ts';
import type { MatchCondition } from '../expressions/conditions.ts';
import type { Criteria } from '../matching/matcher.ts';
import type { Rule } from '../matching/rules.ts';

const group = 'admissionregistration.k8s.io';

/** `ValidatingWebhook` and `MutatingWebhook`, with defaults applied. */
interface Webhook {
  name: string;
  clientConfig: ClientConfig;
  rules?: readonly Rule[];
  failurePolicy?: string;
  matchPolicy?: string;
  namespaceSelector?: LabelSelectorObject;
  objectSelector?: LabelSelectorObject;
  sideEffects?: string;
  timeoutSeconds?: number;
  admissionReviewVersions?: readonly string[];
  matchConditions?: readonly MatchCondition[];
  reinvocationPolicy?: string;
}

/** One webhook as it is called. */
export interface Hook {
  /** Of the webhook, not of its configuration. */
  name: string;
  /** The name of that. */
  configuration: string;
  /** Tells apart those of one name. */
  id: string;
  clientConfig: ClientConfig;
  criteria: Criteria;
  /** Of its matchConditions. */
  conditions: readonly Compiled[];
  ignoresFailure: boolean;
  /** Whether it may be asked when nothing is to be kept. */
  toleratesDryRun: boolean;
  timeoutSeconds: number;
  reviewVersion: ReviewVersion;
  isCalledAgain: boolean;
}

export const reviewVersions = ['v1', 'v1beta1'] as const;
export type ReviewVersion = (typeof reviewVersions)[number];

/** The webhooks of all configurations of one kind, by the configurations' names, as they are at this moment. */
export class Hooks {
  readonly #storage: ObjectStorage;
  readonly #prefix: string;
  readonly #read = new WeakMap<StoredObject, readonly Hook[]>();
  #hooks: readonly Hook[] = [];
  #revision = -1;

  constructor(storage: ObjectStorage, resource: 'mutatingwebhookconfigurations' | 'validatingwebhookconfigurations') {
    this.#storage = storage;
    this.#prefix = resourcePrefix(group, resource);
  }

  get all(): readonly Hook[] {
    const revision = this.#storage.revisionOf(this.#prefix);
    if (revision !== this.#revision) {
      this.#revision = revision;
      this.#hooks = this.#storage.list(this.#prefix).flatMap((stored) => this.#of(stored));
    }
    return this.#hooks;
  }

  #of(stored: StoredObject): readonly Hook[] {
    const known = this.#read.get(stored) ?? hooksOf(stored.object);
    this.#read.set(stored, known);
    return known;
  }
}

function hooksOf(configuration: KubeObject): Hook[] {
  const { webhooks = [] } = configuration as KubeObject & { webhooks?: readonly Webhook[] };
  return webhooks.map((webhook, index) => ({
    name: webhook.name,
    configuration: configuration.metadata.name,
    id: `${configuration.metadata.name}/${webhook.name}/${index}`,
    clientConfig: webhook.clientConfig,
    criteria: {
      rules: webhook.rules ?? [],
      matchPolicy: webhook.matchPolicy,
      namespaceSelector: webhook.namespaceSelector ?? {},
      objectSelector: webhook.objectSelector ?? {},
    },
    conditions: conditionsOf(webhook),
    ignoresFailure: webhook.failurePolicy === 'Ignore',
    toleratesDryRun: webhook.sideEffects === 'None' || webhook.sideEffects === 'NoneOnDryRun',
    timeoutSeconds: webhook.timeoutSeconds ?? 10,
    reviewVersion: reviewVersions.find((version) => version === firstKnown(webhook)) ?? 'v1',
    isCalledAgain: webhook.reinvocationPolicy === 'IfNeeded',
  }));
}

function conditionsOf({ matchConditions = [] }: Webhook): Compiled[] {
  if (matchConditions.length === 0) return [];
  const expressions = new AdmissionExpressions({ hasParams: false, isComposed: false });
  return matchConditions.map(({ expression }) => expressions.condition(expression));
}

/** The first version in the webhook's order of preference that is known here. */
function firstKnown({ admissionReviewVersions = [] }: Webhook): string | undefined {
  return admissionReviewVersions.find((version) => (reviewVersions as readonly string[]).includes(version));
}
