import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { KubeObject } from '../objects/index.ts';
import type { Reconciler } from './types.ts';
import { fixedView } from './view.ts';

/**
 * One test for each `*.input.yaml` in the directory: the first document says `{ now, about: { kind, namespace?, name } }`, the
 * others are the objects of the view. What the reconciler decides is compared with `*.actions.yaml` beside it, which
 * `vitest -u` writes.
 */
export function goldenTests<T extends KubeObject>(directory: string, reconciler: Reconciler<T>): void {
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.input.yaml'))) {
    const name = basename(file, '.input.yaml');
    test(name.replaceAll('-', ' '), async () => {
      const [head, ...objects] = parseAllDocuments(readFileSync(join(directory, file), 'utf8')).map((each) =>
        each.toJS(),
      );
      const { kind, namespace = '', name: wanted } = head.about;
      const object = objects.find(
        (each) => each.kind === kind && each.metadata.name === wanted && (each.metadata.namespace ?? '') === namespace,
      );
      if (!object) throw new Error(`${file}: no document is ${kind} ${namespace}/${wanted}`);
      const before = JSON.stringify(objects);
      const outcome = reconciler.reconcile(object, fixedView(objects), Date.parse(head.now));
      expect(JSON.stringify(objects), 'the view was changed').toBe(before);
      const readable = {
        ...outcome,
        actions: outcome.actions.map((action) => {
          if (action.type === 'ask') return action;
          if (action.type !== 'event') return { ...action, resource: action.resource.resource };
          return { ...action, about: `${action.about.kind} ${action.about.metadata.name}` };
        }),
      };
      // What is done upon a failure is a function, and no part of the picture.
      const data = JSON.parse(JSON.stringify(readable));
      await expect(stringify(data, { aliasDuplicateObjects: false, lineWidth: 120 })).toMatchFileSnapshot(
        join(directory, `${name}.actions.yaml`),
      );
    });
  }
}
