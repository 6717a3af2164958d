/** Characters that all warnings together may have before each is cut, and what is left of each then. */
const most = { together: 4096, each: 256 };

/**
 * The `Warning` headers of an answer: each text once, as `299 - "…"` (RFC 9111), in UTF-8. A text with control characters
 * is left out; when all of them are too long, each is cut, and what comes after the limit is dropped. Source: the recorder
 * of warnings of kube-apiserver.
 */
export function warningHeaders(warnings: readonly string[] | undefined): string[] | undefined {
  if (!warnings || warnings.length === 0) return undefined;
  const texts = [...new Set(warnings)].filter(isSayable);
  const headers = (together(texts) <= most.together ? texts : cut(texts)).map(header);
  return headers.length === 0 ? undefined : headers;
}

function isSayable(text: string): boolean {
  return text !== '' && !/[\p{Cc}\p{Cs}]/u.test(text);
}

function together(texts: readonly string[]): number {
  let characters = 0;
  for (const text of texts) characters += [...text].length;
  return characters;
}

function cut(texts: readonly string[]): string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const text of texts) {
    if (characters >= most.together) break;
    const beginning = [...text].slice(0, most.each);
    characters += beginning.length;
    kept.push(beginning.join(''));
  }
  return kept;
}

/** Node writes a header's characters as bytes, so the bytes of UTF-8 are given as characters. */
function header(text: string): string {
  return Buffer.from(`299 - "${text.replace(/[\\"]/g, '\\$&')}"`).toString('latin1');
}
