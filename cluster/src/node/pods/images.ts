import type { Container, Pod } from '@berth/kube/objects';
import { credentialsOf, keyringOf, type PullCredential } from '../pulls/index.ts';
import type { ImageStatus } from '../runtime/types.ts';
import { recordOf } from './container-events.ts';
import type { NodeContext } from './context.ts';
import { type ContainerMemory, isPausing, nextBackoff } from './memory.ts';
import { duration } from './status.ts';

/** An image that is not there: what the container's waiting state says, and when to look again. */
export class ImageMissing extends Error {
  readonly reason: string;
  readonly retryAfter: number;

  constructor(reason: string, message: string, retryAfter: number) {
    super(message);
    this.reason = reason;
    this.retryAfter = retryAfter;
  }
}

/** While a pull waits for its back-off, the image may be imported by hand: look this often. */
const presenceCheck = 5000;
/** How long the reason of the failed pull itself is shown before that of the back-off. */
const shown = 1000;

/** The image of a container, fetched if its policy says so. Throws `ImageMissing`. */
export async function ensureImage(
  context: NodeContext,
  pod: Pod,
  container: Container,
  memory: ContainerMemory,
): Promise<ImageStatus> {
  const { runtime, pulls, now } = context;
  const record = (severity: 'Normal' | 'Warning', reason: string, message: string) =>
    recordOf(context, pod, container.name, severity, reason, message);
  const image = container.image ?? '';
  const policy = container.imagePullPolicy ?? (/(:latest|\/[^:@]+|^[^:@/]+)$/.test(image) ? 'Always' : 'IfNotPresent');
  const present = await runtime.imageStatus(image);
  // Once for the proof and the pull: what is missing is told once.
  let known: Promise<PullCredential[]> | undefined;
  const credentials = () => {
    known ??= credentialsFor(context, pod, image);
    return known;
  };
  // What came by somebody's leave is not given to everybody; whether it is here is not told either.
  if (present && policy !== 'Always' && !(await pulls.mustProve(image, present.id, credentials))) {
    delete memory.pull;
    const message = `Container image "${image}" already present on machine and can be accessed by the pod`;
    record('Normal', 'Pulled', message);
    return present;
  }
  if (policy === 'Never') {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    record('Warning', 'ErrImageNeverPull', message);
    record('Warning', 'Failed', 'Error: ErrImageNeverPull');
    throw new ImageMissing('ErrImageNeverPull', message, presenceCheck);
  }
  const waiting = memory.pull;
  if (waiting && isPausing(waiting.until, waiting.delay, now())) {
    if (!waiting.told) {
      waiting.told = true;
      record('Normal', 'BackOff', `Back-off pulling image "${image}"`);
      record('Warning', 'Failed', 'Error: ImagePullBackOff');
    }
    const message = `Back-off pulling image "${image}": ErrImagePull: ${waiting.error}`;
    throw new ImageMissing('ImagePullBackOff', message, Math.min(presenceCheck, waiting.until - now()));
  }
  record('Normal', 'Pulling', `Pulling image "${image}"`);
  const began = now();
  let came = false;
  await pulls.begin(image);
  try {
    const { id, credential } = await pullWith(context, image, await credentials());
    const fetched = (await runtime.imageStatus(id)) ?? (await runtime.imageStatus(image));
    if (!fetched) throw new Error(`the image ${image} was pulled and is not there`);
    await pulls.pulled(image, fetched.id, credential);
    came = true;
    delete memory.pull;
    const took = duration(now() - began);
    const size = `Image size: ${fetched.size} bytes.`;
    const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). ${size}`;
    record('Normal', 'Pulled', message);
    return fetched;
  } catch (cause) {
    if (!came) await pulls.failed(image);
    const error = cause instanceof Error ? cause.message : String(cause);
    const delay = nextBackoff(memory.pull?.delay, 0);
    memory.pull = { until: now() + delay, delay, error, told: false };
    record('Warning', 'Failed', `Failed to pull image "${image}": ${error}`);
    record('Warning', 'Failed', 'Error: ErrImagePull');
    throw new ImageMissing('ErrImagePull', error, shown);
  }
}

/** What the pod's image pull secrets hold for an image, in the order in which it is tried. Throws when one cannot be read. */
async function credentialsFor(context: NodeContext, pod: Pod, image: string): Promise<PullCredential[]> {
  const names = (pod.spec?.imagePullSecrets ?? []).map(({ name }) => name ?? '').filter(Boolean);
  const found = await Promise.all(names.map((name) => context.references.secret(pod, name)));
  const missing = names.filter((_, index) => found[index] === undefined);
  if (missing.length > 0) {
    const which = `Unable to retrieve some image pull secrets (${missing.join(', ')})`;
    const message = `${which}; attempting to pull the image may not succeed.`;
    context.recorder.record(pod, 'Warning', 'FailedToRetrieveImagePullSecret', message);
  }
  return credentialsOf(keyringOf(found.filter((secret) => secret !== undefined)), image);
}

/** The image's id, and the credential by which it came: the first that the registry takes. */
async function pullWith(
  { runtime }: NodeContext,
  image: string,
  credentials: readonly PullCredential[],
): Promise<{ id: string; credential: PullCredential | undefined }> {
  if (credentials.length === 0) return { id: await runtime.pullImage(image), credential: undefined };
  const failures = new Set<string>();
  for (const credential of credentials) {
    const { username, password } = credential;
    try {
      return { id: await runtime.pullImage(image, { username, password }), credential };
    } catch (error) {
      failures.add(error instanceof Error ? error.message : String(error));
    }
  }
  const [first = '', ...more] = failures;
  throw new Error(more.length === 0 ? first : `[${[first, ...more].join(', ')}]`);
}
