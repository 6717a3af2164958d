import type { Container, Pod, Secret } from '@berth/kube/objects';
import type { ImageStatus, RegistryCredentials } from '../runtime/types.ts';
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
  const { runtime, recorder, now } = context;
  const image = container.image ?? '';
  const policy = container.imagePullPolicy ?? (/(:latest|\/[^:@]+|^[^:@/]+)$/.test(image) ? 'Always' : 'IfNotPresent');
  const present = await runtime.imageStatus(image);
  if (present && policy !== 'Always') {
    delete memory.pull;
    recorder.record(pod, 'Normal', 'Pulled', `Container image "${image}" already present on machine`);
    return present;
  }
  if (policy === 'Never') {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    recorder.record(pod, 'Warning', 'ErrImageNeverPull', message);
    recorder.record(pod, 'Warning', 'Failed', 'Error: ErrImageNeverPull');
    throw new ImageMissing('ErrImageNeverPull', message, presenceCheck);
  }
  const waiting = memory.pull;
  if (waiting && isPausing(waiting.until, waiting.delay, now())) {
    if (!waiting.told) {
      waiting.told = true;
      recorder.record(pod, 'Normal', 'BackOff', `Back-off pulling image "${image}"`);
      recorder.record(pod, 'Warning', 'Failed', 'Error: ImagePullBackOff');
    }
    const message = `Back-off pulling image "${image}": ErrImagePull: ${waiting.error}`;
    throw new ImageMissing('ImagePullBackOff', message, Math.min(presenceCheck, waiting.until - now()));
  }
  recorder.record(pod, 'Normal', 'Pulling', `Pulling image "${image}"`);
  const began = now();
  try {
    const id = await runtime.pullImage(image, await credentialsFor(context, pod, image));
    const fetched = (await runtime.imageStatus(id)) ?? (await runtime.imageStatus(image));
    if (!fetched) throw new Error(`the image ${image} was pulled and is not there`);
    delete memory.pull;
    const took = duration(now() - began);
    const size = `Image size: ${fetched.size} bytes.`;
    const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). ${size}`;
    recorder.record(pod, 'Normal', 'Pulled', message);
    return fetched;
  } catch (cause) {
    const error = cause instanceof Error ? cause.message : String(cause);
    const delay = nextBackoff(memory.pull?.delay, 0);
    memory.pull = { until: now() + delay, delay, error, told: false };
    recorder.record(pod, 'Warning', 'Failed', `Failed to pull image "${image}": ${error}`);
    recorder.record(pod, 'Warning', 'Failed', 'Error: ErrImagePull');
    throw new ImageMissing('ErrImagePull', error, shown);
  }
}

interface DockerConfig {
  auths?: Record<string, { username?: string; password?: string; auth?: string; identitytoken?: string }>;
}

/** What the pod's image pull secrets hold for the image's registry. */
async function credentialsFor(context: NodeContext, pod: Pod, image: string): Promise<RegistryCredentials | undefined> {
  for (const { name } of pod.spec?.imagePullSecrets ?? []) {
    const secret = name ? await context.references.secret(pod, name) : undefined;
    const auths = secret ? authsOf(secret) : {};
    const host = registryOf(image);
    const found = Object.entries(auths).find(([key]) => hostOf(key) === host)?.[1];
    if (!found) continue;
    const { username, password, auth, identitytoken } = found;
    return {
      ...(username ? { username } : {}),
      ...(password ? { password } : {}),
      ...(auth ? { auth } : {}),
      ...(identitytoken ? { identityToken: identitytoken } : {}),
    };
  }
  return undefined;
}

function authsOf(secret: Secret): NonNullable<DockerConfig['auths']> {
  const data = (secret.data as Record<string, string> | undefined)?.['.dockerconfigjson'];
  if (!data) return {};
  try {
    return (JSON.parse(Buffer.from(data, 'base64').toString()) as DockerConfig).auths ?? {};
  } catch {
    return {};
  }
}

const hostOf = (key: string): string => {
  const host = key.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return host === 'index.docker.io' ? 'docker.io' : host;
};

function registryOf(image: string): string {
  const first = image.split('/')[0] ?? '';
  const isHost = image.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost');
  return isHost ? hostOf(first) : 'docker.io';
}
