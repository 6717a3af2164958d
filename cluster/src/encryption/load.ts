import { BerthError } from '@berth/kube/errors';
import { decodeConfiguration, type EncryptionConfiguration, validateConfiguration } from './configuration/index.ts';
import { type OpenKms, type Rules, rulesOf } from './rules.ts';

export interface LoadOptions {
  /** How the file is called in errors. */
  file: string;
  /** It will be read again when it changes, for which some things must be unmistakable. */
  reload: boolean;
  openKms: OpenKms;
}

/**
 * What the text of an EncryptionConfiguration says. Throws `BadRequest` in the words of kube-apiserver, none of which shows a
 * key. Source: `LoadEncryptionConfig` of `k8s.io/apiserver`.
 */
export function loadRules(text: string, { file, reload, openKms }: LoadOptions): Rules {
  const configuration = parsed(text, file);
  const faults = [...new Set(validateConfiguration(configuration, reload))];
  if (faults.length > 0) throw refused('parsing file', faults.length > 1 ? `[${faults.join(', ')}]` : `${faults[0]}`);
  try {
    return rulesOf(configuration, openKms);
  } catch (error) {
    throw refused('building transformers', reasonOf(error), error);
  }
}

function parsed(text: string, file: string): EncryptionConfiguration {
  const called = JSON.stringify(file);
  if (text === '') {
    throw refused(
      'parsing file',
      `error while loading file: encryption provider configuration file ${called} is empty`,
    );
  }
  try {
    return decodeConfiguration(text);
  } catch (error) {
    const why = `error decoding encryption provider configuration file ${called}: ${reasonOf(error)}`;
    throw refused('parsing file', why, error);
  }
}

function refused(doing: string, why: string, cause?: unknown): BerthError {
  return new BerthError('BadRequest', `error while ${doing}: ${why}`, { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
