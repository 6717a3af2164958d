import type { Pod } from '../../objects/index.ts';
import { sameData } from '../../patch/index.ts';
import { qosClassOf } from '../../pods/index.ts';
import { type Fields, part, parts } from '../fields.ts';
import type { Problems } from './problems.ts';

const resizable = new Set(['cpu', 'memory']);

/** What of a pod may change through `resize`: how much its containers ask for, and nothing that decides its class. */
export function validateResize(object: Fields, old: Fields, problems: Problems): void {
  const [spec, before] = [part(object, 'spec') ?? {}, part(old, 'spec') ?? {}];
  if (qosClassOf(object as Pick<Pod, 'spec'>) !== qosClassOf(old as Pick<Pod, 'spec'>)) {
    const qosClass = part(object, 'status')?.qosClass ?? '';
    problems.invalid('spec', qosClass, 'Pod QOS Class may not change as a result of resizing');
  }
  let isOther = false;
  for (const list of ['containers', 'initContainers']) {
    const [now, then] = [parts(spec, list), parts(before, list)];
    if (now.length !== then.length) {
      problems.forbidden(`spec.${list}`, `${list} may not be added or removed on resize`);
      return;
    }
    now.forEach((container, index) => {
      const was = then[index];
      const at = `spec.${list}[${index}]`;
      if (was === undefined) return;
      if (container.name !== was.name) {
        problems.forbidden(`${at}.name`, `${list} may not be renamed or reordered on resize`);
        return;
      }
      for (const field of ['requests', 'limits']) {
        const asked = part(part(container, 'resources'), field) ?? {};
        const had = part(part(was, 'resources'), field) ?? {};
        const names = Object.keys(had).filter((name) => resizable.has(name) && !(name in asked));
        if (names.length > 0) problems.forbidden(`${at}.resources.${field}`, `resource ${field} cannot be removed`);
        const others = (of: Fields) => Object.fromEntries(Object.entries(of).filter(([name]) => !resizable.has(name)));
        if (!sameData(others(asked), others(had))) isOther = true;
      }
    });
  }
  if (isOther) problems.forbidden('spec', 'only cpu and memory resources are mutable');
}
