import { BerthError } from '../errors/index.ts';
import { dnsSubdomain, Problems, sentenceOf } from '../schema/index.ts';
import { levels, type Policy, type Rule, stages } from './policy.ts';

/**
 * Throws `Invalid` with everything that is wrong with a policy, in Kubernetes' words. Source: `ValidatePolicy` of
 * `k8s.io/apiserver/pkg/apis/audit/validation`.
 */
export function checkPolicy(policy: Policy): void {
  const problems = new Problems();
  checkStages(problems, 'omitStages', policy.omitStages);
  policy.rules.forEach((rule, index) => void checkRule(problems, `rules[${index}]`, rule));
  if (problems.causes.length > 0) throw new BerthError('Invalid', sentenceOf(problems.causes));
}

function checkRule(problems: Problems, path: string, rule: Rule): void {
  const { level, nonResourceURLs, resources, namespaces } = rule;
  if ((level as string) === '') problems.required(`${path}.level`);
  else if (!levels.includes(level)) problems.unsupported(`${path}.level`, level, levels);
  const urls = `${path}.nonResourceURLs`;
  nonResourceURLs.forEach((url, index) => void checkUrl(problems, `${urls}[${index}]`, url));
  for (const { group, resources: named, resourceNames } of resources) {
    const wrong = group === '' ? [] : dnsSubdomain(group);
    if (wrong.length > 0) problems.invalid(`${path}.resources.group`, group, wrong.join(','));
    if (resourceNames.length > 0 && named.length === 0) {
      const why = 'using resourceNames requires at least one resource';
      problems.invalid(`${path}.resources.resourceNames`, resourceNames, why);
    }
  }
  checkStages(problems, `${path}.omitStages`, rule.omitStages);
  if (nonResourceURLs.length > 0 && (resources.length > 0 || namespaces.length > 0)) {
    problems.invalid(urls, nonResourceURLs, 'rules cannot apply to both regular resources and non-resource URLs');
  }
}

function checkUrl(problems: Problems, path: string, url: string): void {
  if (url === '*') return;
  if (!url.startsWith('/')) problems.invalid(path, url, "non-resource URL rules must begin with a '/' character");
  if (url.slice(0, -1).includes('*')) {
    problems.invalid(path, url, "non-resource URL wildcards '*' must be the final character of the rule");
  }
}

function checkStages(problems: Problems, path: string, omitted: readonly string[]): void {
  omitted.forEach((stage, index) => {
    if ((stages as readonly string[]).includes(stage)) return;
    problems.invalid(`${path}[${index}]`, stage, `allowed stages are ${stages.join(',')}`);
  });
}
