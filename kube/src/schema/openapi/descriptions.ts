import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Describe } from './components.ts';

const fieldText = /^ {4}\/\*\*\n((?: {5}\*.*\n)+?) {5}\*\/\n {4}"([^"]+)"\??:/gm;
const ownText = /^\/\*\*\n((?: \*.*\n)+?) \*\/\nexport interface /m;

/**
 * What the published models say about definitions and their fields, for `kubectl explain`. Each definition's text is
 * read when it is asked for, and kept by none but the caller; a definition without a model has none.
 */
export function modelDescriptions(): Describe {
  const models = dirname(fileURLToPath(import.meta.resolve('kubernetes-models')));
  const machinery = dirname(fileURLToPath(import.meta.resolve('@kubernetes-models/apimachinery')));
  return (definition) => {
    const file = fileOf(definition, models, machinery);
    if (file === undefined) return undefined;
    const source = readFileSync(file, 'utf8');
    const end = source.indexOf('\nexport declare class ');
    const declared = end < 0 ? source : source.slice(0, end);
    const texts = new Map<string, string>();
    const own = ownText.exec(declared)?.[1];
    if (own !== undefined) texts.set('', plain(own));
    for (const [, text = '', field = ''] of declared.matchAll(fieldText)) texts.set(field, plain(text));
    return texts;
  };
}

/** A comment's text without its stars and escapes. */
function plain(comment: string): string {
  return comment
    .replace(/^ *\* ?/gm, '')
    .replace(/\\([*_`[\]])/g, '$1')
    .trim();
}

function fileOf(definition: string, models: string, machinery: string): string | undefined {
  const machineryPrefix = 'io.k8s.apimachinery.pkg.';
  const [group = '', version = '', kind = ''] = definition.split('.').slice(-3);
  const files = definition.startsWith(machineryPrefix)
    ? [join(machinery, `${definition.slice(machineryPrefix.length).replaceAll('.', '/')}.d.ts`)]
    : [
        group === 'core' ? '' : group,
        `${group}.k8s.io`,
        `${group}.authorization.k8s.io`,
        `${group}.apiserver.k8s.io`,
      ].map((folder) => join(models, folder, version, `${kind}.d.ts`));
  return definition.startsWith('io.k8s.') ? files.find(existsSync) : undefined;
}
