import { type Fields, parts, text } from '../fields.ts';
import { labelValue } from '../validate/names.ts';

/** Labels of nodes that have other names by now. */
const deprecated = new Map([
  ['beta.kubernetes.io/arch', 'deprecated since v1.14; use "kubernetes.io/arch" instead'],
  ['beta.kubernetes.io/os', 'deprecated since v1.14; use "kubernetes.io/os" instead'],
  ['failure-domain.beta.kubernetes.io/region', 'deprecated since v1.17; use "topology.kubernetes.io/region" instead'],
  ['failure-domain.beta.kubernetes.io/zone', 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'],
  ['beta.kubernetes.io/instance-type', 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'],
  ['app.kubernetes.io/created-by', 'deprecated since v1.9'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', 'deprecated since v1.22; use Taints and Tolerations instead'],
  ['node-role.kubernetes.io/master', 'use "node-role.kubernetes.io/control-plane" instead'],
]);

/** What is said of a node's label: one text, or none. */
export function deprecatedLabel(key: string): string[] {
  const said = deprecated.get(key);
  return said === undefined ? [] : [said];
}

/** Of the expressions of a node selector's term; with `values`, also of values that no label can have. */
export function nodeTermWarnings(term: Fields | undefined, path: string, { values = false } = {}): string[] {
  return parts(term, 'matchExpressions').flatMap((expression, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const key = text(expression, 'key') ?? '';
    const given = values && Array.isArray(expression.values) ? expression.values : [];
    return [
      ...deprecatedLabel(key).map((said) => `${at}.key: ${key} is ${said}`),
      ...given.flatMap((value, number) =>
        labelValue(String(value)).map((said) => `${at}.values[${number}]: ${String(value)} is invalid, ${said}`),
      ),
    ];
  });
}
