const reserved = new Set(
  (
    'true false null in as break const continue else for function if import let loop package namespace return ' +
    'var void while'
  ).split(' '),
);

/**
 * A property's name as CEL expressions write it: `namespace` is `__namespace__`, `a.b/c-d` is `a__dot__b__slash__c__dash__d`.
 * Undefined for names that no expression can reach. Source: "Escaping" in Kubernetes' documentation of CEL.
 */
export function escapeField(property: string): string | undefined {
  if (reserved.has(property)) return `__${property}__`;
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(property)) return undefined;
  return property.replace(/__|[-./]/g, (found) => escapes[found] ?? found);
}

const escapes: Record<string, string> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' };
