import { sameData } from '../../patch/index.ts';
import { type Fields, part, parts, text } from '../fields.ts';
import { limited } from './devices.ts';
import { dnsLabel, dnsSubdomain, immutableMessage, labelValue, qualifiedName } from './names.ts';
import { validateNodeTerm } from './node-selector.ts';
import type { Problems } from './problems.ts';
import { validateDriverName } from './storage.ts';

type Rule = (object: Fields, problems: Problems, old?: Fields) => void;

const onWhichNodes = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'];
const mostDevices = 128;
const mostDearDevices = 64;
const mostCounterSets = 8;
const mostCounters = 32;

/** The devices of one pool that a driver offers, on one node or on several. */
export const validateResourceSlice: Rule = (object, problems, old) => {
  const spec = part(object, 'spec') ?? {};
  validateDriverName(text(spec, 'driver') ?? '', 'spec.driver', problems);
  validatePool(part(spec, 'pool') ?? {}, problems);
  if (old !== undefined) validateFixed(spec, part(old, 'spec') ?? {}, problems);
  validateNodes(spec, problems);
  if (spec.sharedCounters !== undefined && spec.devices !== undefined)
    problems.invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed');
  const devices = parts(spec, 'devices');
  const isDear = devices.some(({ taints, consumesCounters }) => isFilled(taints) || isFilled(consumesCounters));
  unique(devices, isDear ? mostDearDevices : mostDevices, 'name', 'spec.devices', problems, (device, at) =>
    validateDevice(device, at, spec.perDeviceNodeSelection === true, problems),
  );
  unique(parts(spec, 'sharedCounters'), mostCounterSets, 'name', 'spec.sharedCounters', problems, (set, at) =>
    validateCounters(set, 'name', at, problems),
  );
};

const isFilled = (list: unknown) => Array.isArray(list) && list.length > 0;

/** A list whose items differ in one field. */
function unique(
  items: readonly Fields[],
  most: number,
  key: string,
  at: string,
  problems: Problems,
  each: (item: Fields, at: string) => void,
): void {
  limited(items, most, at, problems, each);
  if (items.length > most) return;
  const seen = new Set<string>();
  items.forEach((item, index) => {
    const value = text(item, key) ?? '';
    if (seen.has(value)) problems.duplicate(`${at}[${index}]`, value);
    seen.add(value);
  });
}

function validatePool(pool: Fields, problems: Problems): void {
  const name = text(pool, 'name') ?? '';
  const at = 'spec.pool';
  if (name === '') problems.required(`${at}.name`);
  else {
    if (name.length > 253) problems.tooLong(`${at}.name`, 253);
    for (const segment of name.split('/')) {
      for (const message of dnsSubdomain(segment)) problems.invalid(`${at}.name`, segment, message);
    }
  }
  const count = typeof pool.resourceSliceCount === 'number' ? pool.resourceSliceCount : 0;
  if (count <= 0) problems.invalid(`${at}.resourceSliceCount`, count, 'must be greater than zero');
  const generation = typeof pool.generation === 'number' ? pool.generation : 0;
  if (generation < 0) problems.invalid(`${at}.generation`, generation, 'must be greater than or equal to zero');
}

function validateFixed(spec: Fields, old: Fields, problems: Problems): void {
  const [pool, oldPool] = [text(part(spec, 'pool'), 'name') ?? '', text(part(old, 'pool'), 'name') ?? ''];
  if (pool !== oldPool) problems.invalid('spec.pool.name', pool, immutableMessage);
  if ((spec.driver ?? '') !== (old.driver ?? '')) problems.invalid('spec.driver', spec.driver ?? '', immutableMessage);
  if (!sameData(spec.nodeName, old.nodeName))
    problems.invalid('spec.nodeName', spec.nodeName ?? null, immutableMessage);
}

function validateNodes(spec: Fields, problems: Problems): void {
  const node = text(spec, 'nodeName');
  if (node === '') problems.invalid('spec.nodeName', node, 'must be either unset or set to a non-empty string');
  else if (node !== undefined)
    for (const message of dnsSubdomain(node)) problems.invalid('spec.nodeName', node, message);
  const selector = part(spec, 'nodeSelector');
  if (selector !== undefined) {
    const at = 'spec.nodeSelector.nodeSelectorTerms';
    const terms = parts(selector, 'nodeSelectorTerms');
    if (terms.length === 0) problems.required(at, 'must have at least one node selector term');
    terms.forEach((term, index) => {
      validateNodeTerm(term, `${at}[${index}]`, problems);
    });
    if (terms.length !== 1)
      problems.invalid(at, selector.nodeSelectorTerms ?? null, 'must have exactly one node selector term');
  }
  for (const field of ['allNodes', 'perDeviceNodeSelection']) {
    if (spec[field] === false) problems.invalid(`spec.${field}`, false, 'must be either unset or set to true');
  }
  const given = onWhichNodes.filter(
    (field) => spec[field] !== undefined && spec[field] !== '' && spec[field] !== false,
  );
  const one = `exactly one of ${onWhichNodes.map((field) => `\`${field}\``).join(', ')} is required`;
  if (given.length === 0) problems.required('spec', one);
  else if (given.length > 1) {
    const shown = `{${given.map((field) => `\`${field}\``).join(', ')}}`;
    problems.invalid('spec', shown, `${one}, but multiple fields are set`);
  }
}

const mostAttributes = 32;
const mostTaints = 16;
const mostConsumed = 2;

function validateDevice(device: Fields, at: string, selectsNodes: boolean, problems: Problems): void {
  const name = text(device, 'name') ?? '';
  for (const message of dnsLabel(name)) problems.invalid(`${at}.name`, name, message);
  const [attributes, capacity] = [part(device, 'attributes') ?? {}, part(device, 'capacity') ?? {}];
  const count = Object.keys(attributes).length + Object.keys(capacity).length;
  if (count > mostAttributes) {
    const most = `the total number of attributes and capacities must not exceed ${mostAttributes}`;
    problems.invalid(at, count, most);
  }
  for (const key of Object.keys(attributes)) {
    validateKey(key, `${at}.attributes[${shortened(key)}]`, problems);
    validateAttribute(part(attributes, key) ?? {}, `${at}.attributes[${shortened(key)}]`, problems);
  }
  for (const key of Object.keys(capacity)) {
    const field = `${at}.capacity[${shortened(key)}]`;
    validateKey(key, field, problems);
    if (part(part(capacity, key), 'requestPolicy') !== undefined && device.allowMultipleAllocations !== true)
      problems.forbidden(`${field}.requestPolicy`, 'allowMultipleAllocations must be true');
  }
  limited(parts(device, 'taints'), mostTaints, `${at}.taints`, problems, validateTaint);
  unique(
    parts(device, 'consumesCounters'),
    mostConsumed,
    'counterSet',
    `${at}.consumesCounters`,
    problems,
    (set, here) => validateCounters(set, 'counterSet', here, problems),
  );
  const given = ['nodeName', 'nodeSelector', 'allNodes'].some((field) => device[field] !== undefined);
  if (given && !selectsNodes) {
    problems.invalid(
      at,
      null,
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    );
  } else if (!given && selectsNodes) {
    problems.required(
      at,
      'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    );
  }
}

const longestKey = 63 + 1 + 32;

/** A key that is too long to be told of whole: its ends. */
function shortened(key: string): string {
  if (key.length <= longestKey) return key;
  const kept = longestKey - '...'.length;
  return `${key.slice(0, Math.floor((kept + 1) / 2))}...${key.slice(-Math.floor(kept / 2))}`;
}

function validateKey(key: string, at: string, problems: Problems): void {
  const [domain, name, ...more] = key.includes('/') ? key.split('/') : [undefined, key];
  if (more.length > 0) return;
  if (domain === '') problems.invalid(at, '', 'the domain must not be empty');
  else if (domain !== undefined) validateDriverName(domain, at, problems);
  if (name === '') problems.invalid(at, '', 'the name must not be empty');
  else if (name !== undefined) {
    if (name.length > 32) problems.tooLong(at, 32);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) problems.invalid(at, name, identifierMessage);
  }
}

const identifierMessage =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')";
const identifier = '(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)';
const version = new RegExp(
  `^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-${identifier}(\\.${identifier})*)?(\\+[0-9a-zA-Z-]+(\\.[0-9a-zA-Z-]+)*)?$`,
);
const longestValue = 64;

function validateAttribute(attribute: Fields, at: string, problems: Problems): void {
  const given = ['bool', 'int', 'string', 'version'].filter((type) => attribute[type] !== undefined);
  for (const type of ['string', 'version']) {
    const value = text(attribute, type);
    if (value === undefined) continue;
    if (type === 'version' && !version.test(value))
      problems.invalid(`${at}.version`, value, 'must be a string compatible with semver.org spec 2.0.0');
    if (Buffer.byteLength(value) > longestValue) problems.tooLong(`${at}.${type}`, longestValue);
  }
  if (given.length !== 1)
    problems.invalid(at, given.length === 0 ? '' : attribute, 'exactly one value must be specified');
}

const effects = ['NoExecute', 'NoSchedule', 'None'];

function validateTaint(taint: Fields, at: string, problems: Problems): void {
  const [key, value, effect] = [text(taint, 'key') ?? '', text(taint, 'value') ?? '', text(taint, 'effect') ?? ''];
  for (const message of qualifiedName(key)) problems.invalid(`${at}.key`, key, message);
  for (const message of labelValue(value)) problems.invalid(`${at}.value`, value, message);
  if (effect === '') problems.required(`${at}.effect`);
  else if (!effects.includes(effect)) problems.unsupported(`${at}.effect`, effect, effects);
}

/** A set of counters by name, or what a device takes of one. */
function validateCounters(set: Fields, nameField: string, at: string, problems: Problems): void {
  const name = text(set, nameField) ?? '';
  if (name === '') problems.required(`${at}.${nameField}`);
  else for (const message of dnsLabel(name)) problems.invalid(`${at}.${nameField}`, name, message);
  const keys = Object.keys(part(set, 'counters') ?? {});
  if (keys.length === 0) problems.required(`${at}.counters`);
  else if (keys.length > mostCounters) problems.tooMany(`${at}.counters`, keys.length, mostCounters);
  else {
    for (const key of keys)
      for (const message of dnsLabel(key)) problems.invalid(`${at}.counters[${key}]`, key, message);
  }
}
