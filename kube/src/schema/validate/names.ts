/** What is wrong with a name, in Kubernetes' words; nothing when it is right. */
type Check = (value: string) => string[];

const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const qualified = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const alphanumericEnds = 'must start and end with an alphanumeric character';
const labelMessage = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and ${alphanumericEnds} (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')`;
const subdomainMessage = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and ${alphanumericEnds} (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;
const label1035Message = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')`;
const qualifiedMessage = `must consist of alphanumeric characters, '-', '_' or '.', and ${alphanumericEnds} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`;
const labelValueMessage = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and ${alphanumericEnds} (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`;

function matching(pattern: RegExp, maximum: number, message: string, unit = 'characters'): Check {
  return (value) => {
    const wrong: string[] = [];
    if (value.length > maximum) wrong.push(`must be no more than ${maximum} ${unit}`);
    if (!pattern.test(value)) wrong.push(message);
    return wrong;
  };
}

const dottedLabel = matching(label, 63, 'must not contain dots');
const undottedLabel = matching(label, 63, labelMessage);
/** Of names that would be right but for their dots, only that is said. */
export const dnsLabel: Check = (value) => (subdomain.test(value) ? dottedLabel : undottedLabel)(value);
export const dnsSubdomain = matching(subdomain, 253, subdomainMessage);
/** The same, as those kinds say it whose checks Kubernetes generates. */
export const longName = matching(subdomain, 253, subdomainMessage, 'bytes');
export const dns1035Label = matching(label1035, 63, label1035Message);
export const labelValue = matching(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/, 63, labelValueMessage, 'bytes');
export const configKey: Check = (value) => {
  if (value === '.' || value === '..' || value.startsWith('..')) return [`must not be '.' or start with '..'`];
  return matching(
    /^[-._a-zA-Z0-9]+$/,
    253,
    `a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  )(value);
};

/** The key of a label, an annotation or a taint: a name with an optional subdomain before a slash. */
export const qualifiedName: Check = (value) => {
  const parts = value.split('/');
  const name = parts.at(-1) ?? '';
  const wrong: string[] = [];
  if (parts.length > 2)
    return [
      `a valid label key ${qualifiedMessage} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  if (parts.length === 2) {
    const prefix = parts[0] ?? '';
    if (prefix === '') wrong.push('prefix part must be non-empty');
    else wrong.push(...dnsSubdomain(prefix).map((message) => `prefix part ${message}`));
  }
  if (name === '') wrong.push('name part must be non-empty');
  else if (name.length > 63) wrong.push('name part must be no more than 63 bytes');
  if (!qualified.test(name)) wrong.push(`name part ${qualifiedMessage}`);
  return wrong;
};

const standardFinalizers = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

/** What a finalizer that Kubernetes does not know by itself needs. */
export const finalizerDomain: Check = (value) =>
  value.includes('/') || standardFinalizers.has(value)
    ? []
    : ['name is neither a standard finalizer name nor is it fully qualified'];

export const pathSegment: Check = (value) => {
  if (value === '.' || value === '..') return [`may not be '${value}'`];
  return ['/', '%']
    .filter((character) => value.includes(character))
    .map((character) => `may not contain '${character}'`);
};

export const environmentName: Check = (value) =>
  /^[ -<>-~]+$/.test(value)
    ? []
    : [`a valid environment variable name must consist only of printable ASCII characters other than '='`];

/** The name of a port. */
export const portName: Check = (value) => {
  const wrong: string[] = [];
  if (value.length > 15) wrong.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(value)) wrong.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(value)) wrong.push('must contain at least one letter (a-z)');
  if (value.includes('--')) wrong.push('must not contain consecutive hyphens');
  if (value.startsWith('-') || value.endsWith('-')) wrong.push('must not begin or end with a hyphen');
  return wrong;
};

export function isPort(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;
}

export const portMessage = 'must be between 1 and 65535, inclusive';
export const negativeMessage = 'must be greater than or equal to 0';
export const immutableMessage = 'field is immutable';
