import { describeKinds, type KindFacts } from './describe.ts';

/** A question that is answered and never stored: created, and the answer is in its status. */
function review(kind: string, resource: string, scope?: 'Cluster'): KindFacts {
  const facts: KindFacts = { kind, resource, verbs: ['create'], naming: 'none' };
  if (scope !== undefined) facts.scope = scope;
  return facts;
}

/** `authentication.k8s.io/v1`. */
export const authentication = describeKinds(
  { group: 'authentication.k8s.io', version: 'v1', definitions: 'io.k8s.api.authentication.v1' },
  [review('SelfSubjectReview', 'selfsubjectreviews', 'Cluster'), review('TokenReview', 'tokenreviews', 'Cluster')],
);

/** `authorization.k8s.io/v1`. */
export const authorization = describeKinds(
  { group: 'authorization.k8s.io', version: 'v1', definitions: 'io.k8s.api.authorization.v1' },
  [
    review('LocalSubjectAccessReview', 'localsubjectaccessreviews'),
    review('SelfSubjectAccessReview', 'selfsubjectaccessreviews', 'Cluster'),
    review('SelfSubjectRulesReview', 'selfsubjectrulesreviews', 'Cluster'),
    review('SubjectAccessReview', 'subjectaccessreviews', 'Cluster'),
  ],
);
