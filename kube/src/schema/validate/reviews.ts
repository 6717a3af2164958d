import { type Fields, part, parts, text } from '../fields.ts';
import { goValue } from './go-value.ts';
import type { Problems } from './problems.ts';
import { validateRequirement } from './selector.ts';

type Rule = (object: Fields, problems: Problems) => void;

/** Whether somebody may do something: one thing, by somebody, and nothing else said. */
const validateAccessReview =
  (isOwn: boolean, isLocal: boolean): Rule =>
  (review, problems) => {
    const spec = part(review, 'spec') ?? {};
    const [resource, path] = [part(spec, 'resourceAttributes'), part(spec, 'nonResourceAttributes')];
    const at = 'spec.nonResourceAttributes';
    const shownPath = goValue(path ?? {}, { Path: '', Verb: '' });
    if (resource && path) problems.invalid(at, shownPath, 'cannot be specified in combination with resourceAttributes');
    if (!resource && !path) {
      const message = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
      problems.invalid('spec.resourceAttributes', null, message);
    }
    const groups = Array.isArray(spec.groups) ? spec.groups : [];
    if (!isOwn && !text(spec, 'user') && groups.length === 0)
      problems.invalid('spec.user', '', 'at least one of user or group must be specified');
    if (resource) {
      validateSelection(part(resource, 'fieldSelector'), 'spec.resourceAttributes.fieldSelector', problems, fieldRule);
      validateSelection(part(resource, 'labelSelector'), 'spec.resourceAttributes.labelSelector', problems, labelRule);
    }
    validateEmptyMetadata(part(review, 'metadata') ?? {}, isLocal, problems);
    if (!isLocal) return;
    const [namespace, asked] = [text(part(review, 'metadata'), 'namespace') ?? '', text(resource, 'namespace') ?? ''];
    if (resource && asked !== namespace)
      problems.invalid('spec.resourceAttributes.namespace', asked, 'must match metadata.namespace');
    if (path) problems.invalid(at, shownPath, 'disallowed on this kind of request');
  };

type Requirement = (requirement: Fields, at: string, problems: Problems) => void;

const labelRule: Requirement = (requirement, at, problems) => {
  validateRequirement(requirement, at, problems, { anyOperator: true });
};

const fieldRule: Requirement = (requirement, at, problems) => {
  if (!text(requirement, 'key')) problems.required(`${at}.key`, 'must be specified');
  const operator = text(requirement, 'operator') ?? '';
  const count = Array.isArray(requirement.values) ? requirement.values.length : 0;
  if ((operator === 'In' || operator === 'NotIn') && count === 0) {
    problems.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
  } else if ((operator === 'Exists' || operator === 'DoesNotExist') && count > 0) {
    problems.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
  }
};

function validateSelection(selector: Fields | undefined, at: string, problems: Problems, rule: Requirement): void {
  if (selector === undefined) return;
  const raw = text(selector, 'rawSelector') ?? '';
  const requirements = parts(selector, 'requirements');
  if (raw !== '' && requirements.length > 0)
    problems.invalid(`${at}.rawSelector`, raw, 'may not specified at the same time as requirements');
  if (raw === '' && requirements.length === 0) {
    problems.required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`);
  }
  requirements.forEach((requirement, index) => {
    rule(requirement, `${at}.requirements[${index}]`, problems);
  });
}

const metadataOrder = ['name', 'generateName', 'namespace', 'labels', 'annotations', 'ownerReferences', 'finalizers'];

function validateEmptyMetadata(metadata: Fields, isLocal: boolean, problems: Problems): void {
  const said = Object.keys(metadata).filter(
    (field) => field !== 'managedFields' && !(isLocal && field === 'namespace'),
  );
  if (said.length === 0) return;
  const rest = Object.keys(metadata).filter((field) => !metadataOrder.includes(field));
  const shown = Object.fromEntries(
    [...metadataOrder, ...rest].flatMap((field) => (metadata[field] === undefined ? [] : [[field, metadata[field]]])),
  );
  problems.invalid('metadata', shown, isLocal ? 'must be empty except for namespace' : 'must be empty');
}

/** Source: `k8s.io/kubernetes/pkg/apis/authorization/validation`. */
export const reviewRules: Readonly<Record<string, Rule>> = {
  SubjectAccessReview: validateAccessReview(false, false),
  SelfSubjectAccessReview: validateAccessReview(true, false),
  LocalSubjectAccessReview: validateAccessReview(false, true),
  SelfSubjectRulesReview: () => {},
};
