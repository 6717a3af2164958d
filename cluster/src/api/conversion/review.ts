import { BerthError } from '@berth/kube/errors';
import type { KubeObject } from '@berth/kube/objects';
import type { ClientConfig, WebhookCaller } from '../webhook/index.ts';

/** The webhook of a CustomResourceDefinition's `spec.conversion`. */
export interface ConversionWebhook {
  clientConfig: ClientConfig;
  conversionReviewVersions: readonly string[];
}

export interface ReviewParts {
  webhooks: WebhookCaller;
  newUid(): string;
}

type Fields = Record<string, unknown>;

const group = 'apiextensions.k8s.io';
const timeoutMs = 30_000;
/** So that neither side has to hold a whole large list. */
const batch = 500;

/**
 * Objects of one kind in `apiVersion` by asking the webhook, in the same order; those that are in it already are not
 * sent. What comes back may differ from what was sent in labels, annotations and everything outside metadata only.
 * Rejects with `InternalError` in Kubernetes' words. Source: "Webhook conversion"; `apiextensions.k8s.io/v1`
 * ConversionReview.
 */
export async function convertByWebhook(
  { webhooks, newUid }: ReviewParts,
  webhook: ConversionWebhook,
  objects: readonly KubeObject[],
  apiVersion: string,
): Promise<readonly KubeObject[]> {
  const converted = objects.map((object) => (isEmpty(object) ? { ...object, apiVersion } : object));
  const different = converted.flatMap((object, index) => (object.apiVersion === apiVersion ? [] : [index]));
  for (let from = 0; from < different.length; from += batch) {
    const indices = different.slice(from, from + batch);
    const originals = indices.map((index) => objects[index] as KubeObject);
    const answers = await ask({ webhooks, newUid }, webhook, originals, apiVersion);
    for (const [at, index] of indices.entries()) converted[index] = answers[at] as KubeObject;
  }
  return converted;
}

/** Whether it stands for what is not there yet: in any version that is the same. */
function isEmpty({ apiVersion: _, kind: __, metadata, ...rest }: KubeObject): boolean {
  return Object.keys(metadata ?? {}).length === 0 && Object.keys(rest).length === 0;
}

async function ask(
  { webhooks, newUid }: ReviewParts,
  { clientConfig, conversionReviewVersions }: ConversionWebhook,
  originals: readonly KubeObject[],
  apiVersion: string,
): Promise<readonly KubeObject[]> {
  const { apiVersion: from, kind } = originals[0] as KubeObject;
  const what = `conversion webhook for ${from}, Kind=${kind}`;
  const version = conversionReviewVersions.find((one) => one === 'v1' || one === 'v1beta1');
  if (version === undefined) throw new BerthError('InternalError', 'no supported conversion review versions');
  const uid = newUid();
  let objects: readonly unknown[];
  try {
    const request = { uid, desiredAPIVersion: apiVersion, objects: originals };
    const review = { kind: 'ConversionReview', apiVersion: `${group}/${version}`, request };
    objects = converted(await webhooks.call(clientConfig, { body: review, timeoutMs, query: 'timeout=30s' }), {
      version,
      uid,
    });
  } catch (error) {
    throw refused(`${what} failed: ${(error as Error).message}`, error);
  }
  if (objects.length !== originals.length) {
    throw refused(`${what} returned ${objects.length} objects, expected ${originals.length}`);
  }
  return objects.map((object, index) => {
    const at = originals.length === 1 ? 'object' : `converted object at index ${index}`;
    return checked(originals[index] as KubeObject, object, apiVersion, {
      object: `${what} returned invalid ${at}: `,
      metadata: `${what} returned invalid metadata${originals.length === 1 ? '' : ` in object at index ${index}`}: `,
    });
  });
}

/** The objects of a review's response. Throws what is wrong with it, or what the webhook says. */
function converted(answer: unknown, { version, uid }: { version: string; uid: string }): readonly unknown[] {
  const review = fields(answer);
  if (version === 'v1' && (review?.apiVersion !== `${group}/v1` || review.kind !== 'ConversionReview')) {
    const got = `${text(review?.apiVersion)}, Kind=${text(review?.kind)}`;
    throw new Error(`expected webhook response of ${group}/v1, Kind=ConversionReview, got ${got}`);
  }
  const response = fields(review?.response);
  if (!response) throw new Error('no response provided');
  if (version === 'v1' && response.uid !== uid) {
    throw new Error(`expected response.uid="${uid}", got ${JSON.stringify(text(response.uid))}`);
  }
  const result = fields(response.result);
  if (result?.status !== 'Success') {
    throw new Error(text(result?.message) || `response.result.status was '${text(result?.status)}', not 'Success'`);
  }
  return Array.isArray(response.convertedObjects) ? response.convertedObjects : [];
}

function checked(
  original: KubeObject,
  answer: unknown,
  apiVersion: string,
  told: { object: string; metadata: string },
): KubeObject {
  const object = fields(answer);
  if (object?.apiVersion !== apiVersion) {
    throw refused(`${told.object}invalid groupVersion (expected ${apiVersion}, received ${text(object?.apiVersion)})`);
  }
  if (object.kind !== original.kind) {
    throw refused(`${told.object}invalid kind (expected ${original.kind}, received ${text(object.kind)})`);
  }
  const metadata = fields(object.metadata);
  for (const [field, name] of identity) {
    const [before, after] = [text(original.metadata[field]), text(metadata?.[field])];
    if (before !== after) throw refused(`${told.object}must have the same ${name}: ${before} != ${after}`);
  }
  if (object.metadata === undefined) throw refused(`${told.metadata}missing metadata in converted object`);
  const { labels: _, annotations: __, ...kept } = original.metadata;
  return {
    ...object,
    apiVersion,
    kind: original.kind,
    metadata: {
      ...kept,
      ...(metadata?.labels ? { labels: strings(metadata.labels, 'labels', told.metadata) } : {}),
      ...(metadata?.annotations ? { annotations: strings(metadata.annotations, 'annotations', told.metadata) } : {}),
    },
  };
}

const identity = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const;

function strings(value: unknown, field: string, told: string): Record<string, string> {
  const map = fields(value);
  if (!map) throw refused(`${told}invalid metadata.${field} of type ${typeof value} in converted object`);
  for (const [key, one] of Object.entries(map)) {
    if (typeof one === 'string') continue;
    throw refused(`${told}metadata.${field}[${key}] must be a string, but is ${typeof one} in converted object`);
  }
  return map as Record<string, string>;
}

function refused(message: string, cause?: unknown): BerthError {
  return new BerthError('InternalError', message, cause === undefined ? {} : { cause });
}

function fields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
