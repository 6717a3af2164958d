import type { Pod } from '../../objects/index.ts';
import { sameData } from '../../patch/index.ts';
import { qosClassOf } from '../../pods/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import type { Problems } from './problems.ts';

const resizable = new Set(['cpu', 'memory']);
const mirror = 'kubernetes.io/config.mirror';

/**
 * What of a pod may change through `resize`: how much its containers ask for, and nothing that decides its class. To be called with all else of
 * the pod kept as it was.
 * Source: KEP-1287, "API Changes".
 */
export function validateResize(object: Fields, old: Fields, problems: Problems): void {
  const [spec, before] = [part(object, 'spec') ?? {}, part(old, 'spec') ?? {}];
  if (part(part(old, 'metadata'), 'annotations')?.[mirror] !== undefined) {
    problems.forbidden('[]', 'static pods cannot be resized');
    return;
  }
  if (part(before, 'os')?.name === 'windows') {
    problems.forbidden('[]', 'windows pods cannot be resized');
    return;
  }
  const status = part(object, 'status') ?? {};
  if (
    (text(part(old, 'status'), 'qosClass') || qosClassOf(old as Pick<Pod, 'spec'>)) !==
    qosClassOf(object as Pick<Pod, 'spec'>)
  ) {
    problems.invalid('spec', status.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing');
  }
  if (!isSupported(old)) problems.forbidden('spec', 'Pod running on node without support for resize');
  if ([spec, before].some(hasOwnResources)) {
    problems.forbidden(
      '[]',
      'resize of pods with pod-level resources is forbidden when InPlacePodLevelResourcesVerticalScalingEnabled feature gate is disabled',
    );
    return;
  }
  if (!inOrder(spec, before, problems)) return;
  const pairs = (list: string) =>
    parts(spec, list).map((now, index) => ({ now, was: parts(before, list)[index] ?? {}, index }));
  for (const list of ['initContainers', 'containers']) {
    for (const { now, was, index } of pairs(list)) {
      if (list === 'initContainers' && !isSidecar(was)) continue;
      for (const field of ['requests', 'limits']) {
        const [asked, had] = [amounts(now, field), amounts(was, field)];
        const isLess = Object.keys(had).some((name) => !(name in asked));
        if (isLess)
          problems.forbidden(`spec.${list}[${index}].resources.${field}`, `resource ${field} cannot be removed`);
      }
    }
  }
  for (const { now, was } of pairs('containers')) {
    if (!sameElse(now, was)) problems.forbidden('spec', 'only cpu and memory resources are mutable');
  }
  for (const { now, was } of pairs('initContainers')) {
    if (isSidecar(now)) {
      if (!sameElse(now, was)) {
        problems.forbidden('spec', 'only cpu and memory resources for sidecar containers are mutable');
      }
    } else if (!sameElse(now, was) || !sameAmounts(now, was)) {
      problems.forbidden('spec', 'resources for non-sidecar init containers are immutable');
    }
  }
}

/** Nodes that can resize tell what containers have, of the first that runs at the latest. */
function isSupported(pod: Fields): boolean {
  const running = parts(part(pod, 'status'), 'containerStatuses').find((one) => part(part(one, 'state'), 'running'));
  return running === undefined || part(running, 'resources') !== undefined;
}

function hasOwnResources(spec: Fields): boolean {
  const own = part(spec, 'resources');
  return ['requests', 'limits'].some((field) => Object.keys(part(own, field) ?? {}).length > 0);
}

function inOrder(spec: Fields, before: Fields, problems: Problems): boolean {
  let isSame = true;
  const wrong = (field: string, detail: string) => {
    problems.forbidden(field, detail);
    isSame = false;
  };
  for (const list of ['containers', 'initContainers']) {
    const [now, was] = [parts(spec, list), parts(before, list)];
    if (now.length !== was.length) {
      wrong(`spec.${list}`, `${list} may not be added or removed on resize`);
      continue;
    }
    now.forEach(({ name }, index) => {
      if (name !== was[index]?.name) {
        wrong(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`);
      }
    });
  }
  return isSame;
}

const isSidecar = (container: Fields): boolean => container.restartPolicy === 'Always';

const amounts = (container: Fields, field: string): Fields => part(part(container, 'resources'), field) ?? {};

/** Whether all is the same but processor and memory. Claims of devices count as changed by every resize, as in Kubernetes. */
function sameElse(now: Fields, was: Fields): boolean {
  const others = (of: Fields) => Object.fromEntries(Object.entries(of).filter(([name]) => !resizable.has(name)));
  const same = (field: string) => sameData(others(amounts(now, field)), others(amounts(was, field)));
  const claims = parts(part(was, 'resources'), 'claims');
  const policies = [now, was].map((container) => parts(container, 'resizePolicy'));
  return same('requests') && same('limits') && claims.length === 0 && sameData(policies[0], policies[1]);
}

function sameAmounts(now: Fields, was: Fields): boolean {
  return ['requests', 'limits'].every((field) => sameData(amounts(now, field), amounts(was, field)));
}
