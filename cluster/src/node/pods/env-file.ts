import { BerthError } from '@berth/kube/errors';

/**
 * What a file of variables says of a key; '' when it has no such line. Lines are `NAME='value'`, the value may go over several, comments begin
 * with `#`. Throws `BadRequest` for what stands before it and is neither. Source: KEP-3721 and the Kubernetes documentation of `fileKeyRef`.
 */
export function valueInFile(text: string, key: string): string {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  for (let index = 0; index < lines.length; index++) {
    const line = trimmedLeft(lines[index] ?? '');
    if (line === '' || line.startsWith('#')) continue;
    const wrong = (what: string, at = `at line ${index + 1}`) =>
      new BerthError('BadRequest', `invalid environment variable format ${at}: ${what}`);
    const equals = line.indexOf('=');
    if (equals < 0) throw wrong("missing '='");
    const name = line.slice(0, equals);
    if (/^[ \t]*$/.test(name)) throw wrong('empty variable name');
    if (/[ \t]$/.test(name)) throw wrong("whitespace before '=' is not allowed");
    const value = line.slice(equals + 1);
    // As a shell has it: the variable is empty, and what follows is something else.
    if (/^[ \t]/.test(value)) {
      if (name === key) return '';
      continue;
    }
    if (!value.startsWith("'")) throw wrong('value must be enclosed in single quotes');
    const began = index;
    let collected = '';
    let rest = value.slice(1);
    for (;;) {
      const quote = rest.indexOf("'");
      if (quote >= 0) {
        const after = trimmedLeft(rest.slice(quote + 1));
        if (after !== '' && !after.startsWith('#')) throw wrong('unexpected content after closing quote');
        collected += rest.slice(0, quote);
        break;
      }
      collected += `${rest}\n`;
      index += 1;
      if (index >= lines.length) throw wrong('unclosed single quote', `starting at line ${began + 1}`);
      rest = lines[index] ?? '';
    }
    if (name === key) return collected;
  }
  return '';
}

const trimmedLeft = (text: string): string => text.replace(/^[ \t]+/, '');
