import { type Grant, type PathAttributes, type ResourceAttributes, rbacGroup, type Who } from '@berth/kube/rbac';
import type { Holder, MinimalAccess, Reasons } from '@berth/platform/access';
import { stringify } from 'yaml';

type Attributes = ResourceAttributes | PathAttributes;

/** `get pods/log "web" in namespace shop` */
export function questionText(asked: Attributes): string {
  if ('path' in asked) return `${asked.verb} ${asked.path}`;
  const { verb, name, namespace } = asked;
  const which = name === '' ? '' : ` "${name}"`;
  return `${verb} ${kindText(asked)}${which} ${namespace === '' ? 'in the whole cluster' : `in namespace ${namespace}`}`;
}

function kindText({ group, resource, subresource }: ResourceAttributes): string {
  const kind = group === '' || group === '*' ? resource : `${resource}.${group}`;
  return subresource === '' ? kind : `${kind}/${subresource}`;
}

/** A table of those who may, groups first, since they let in most. */
export function holderTable(holders: readonly Holder[]): string[] {
  const order = ['Group', 'User', 'ServiceAccount'];
  const rows = holders
    .toSorted((a, b) => order.indexOf(a.subject.kind) - order.indexOf(b.subject.kind))
    .map(({ subject: { kind, name, namespace }, binding }) => {
      const who = namespace === undefined ? name : `${namespace}/${name}`;
      if (!binding) return [kind, who, '(always)', ''];
      return [kind, who, bindingText(binding), `${binding.roleRef.kind} ${binding.roleRef.name}`];
    });
  return table([['KIND', 'NAME', 'BY', 'ROLE'], ...rows]);
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function bindingText({ name, namespace }: { name: string; namespace: string }): string {
  return namespace === '' ? `ClusterRoleBinding ${name}` : `RoleBinding ${namespace}/${name}`;
}

/** `by RoleBinding shop/devs of ClusterRole edit, which allows get,list,watch` */
export function grantText({ binding, rule }: Grant): string {
  const names = rule.resourceNames?.length ? ` of ${rule.resourceNames.join(',')}` : '';
  return `by ${bindingText(binding)} of ${binding.roleRef.kind} ${binding.roleRef.name}, which allows ${rule.verbs.join(',')}${names}`;
}

const mostShown = 5;
const lacks = {
  verb: 'other verbs',
  namespace: 'in another namespace',
  name: 'of certain names',
  subresource: 'of the object itself',
};

/** Why not: what is missing, what comes near, and what would give it. */
export function reasonLines(who: Who, asked: Attributes, { held, remedies }: Reasons, reason: string): string[] {
  const near = new Set(held.map(({ grant, lacks: lack }) => `  ${grantText(grant)}: ${lacks[lack]}`));
  const exact = exactRole(who, asked);
  const would = remedies.map(({ role, width }) => {
    const size = Number.isFinite(width) ? `${width} rights` : 'everything of some kind';
    return `  ${role.kind} ${role.name} (${size})`;
  });
  return [
    `missing: ${missingText(asked)}`,
    ...reason.split('\n').filter((line) => line !== ''),
    ...(near.size > 0 ? ['what comes near:', ...shortened([...near])] : []),
    ...(would.length > 0 ? ['roles that allow it, the narrowest first:', ...shortened(would)] : []),
    'to allow just this:',
    ...exact.map((line) => `  ${line}`),
  ];
}

function shortened(lines: string[]): string[] {
  return lines.length <= mostShown ? lines : [...lines.slice(0, mostShown), `  and ${lines.length - mostShown} more`];
}

function missingText(asked: Attributes): string {
  if ('path' in asked) return `verb "${asked.verb}" on path "${asked.path}"`;
  const { verb, group, resource, subresource, namespace, name } = asked;
  const kind = subresource === '' ? resource : `${resource}/${subresource}`;
  const scope = namespace === '' ? 'at the cluster scope' : `in namespace "${namespace}"`;
  return `verb "${verb}" on resource "${kind}" of API group "${group}"${name === '' ? '' : ` named "${name}"`} ${scope}`;
}

/** The two commands that make the smallest role and bind it. */
function exactRole(who: Who, asked: Attributes): string[] {
  const name = quoted(roleName(who.name));
  const account = serviceAccountOf(who.name);
  const subject = account ? `--serviceaccount ${quoted(account.join(':'))}` : `--user ${quoted(who.name)}`;
  if ('path' in asked) {
    return [
      `kubectl create clusterrole ${name} --verb ${quoted(asked.verb)} --non-resource-url ${quoted(asked.path)}`,
      `kubectl create clusterrolebinding ${name} --clusterrole ${name} ${subject}`,
    ];
  }
  const kind = asked.namespace === '' ? 'clusterrole' : 'role';
  const where = asked.namespace === '' ? '' : ` --namespace ${quoted(asked.namespace)}`;
  const which = asked.name === '' ? '' : ` --resource-name ${quoted(asked.name)}`;
  return [
    `kubectl create ${kind} ${name} --verb ${quoted(asked.verb)} --resource ${quoted(kindText(asked))}${which}${where}`,
    `kubectl create ${kind}binding ${name} --${kind} ${name} ${subject}${where}`,
  ];
}

/** As a shell takes it for one word. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function serviceAccountOf(user: string): [namespace: string, name: string] | undefined {
  const parts = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user);
  return parts ? [parts[1] ?? '', parts[2] ?? ''] : undefined;
}

/** Names of roles may be nearly anything, but no path. */
function roleName(user: string): string {
  const account = serviceAccountOf(user);
  return `minimal-${(account ? account.join('-') : user).replaceAll(/[/%\s]/g, '-')}`;
}

/** Roles with their bindings, to be read and then applied. */
export function minimalManifests(user: string, access: MinimalAccess): string {
  const { roles, requests, common, refused, from, to } = access;
  const remarks = [
    from === undefined
      ? `The audit log has no request of ${user}.`
      : `What ${user} did from ${from} to ${to}: ${requests} requests, beside ${common} that everybody may send.`,
    'What the audit policy leaves out is not here: by default events, and the leases of service accounts and nodes.',
    ...(refused.length > 0 ? ['Refused, and not in the roles (--include-refused puts them in):'] : []),
    ...refused.map((asked) => `  ${questionText(asked)}`),
  ];
  const comment = remarks.map((line) => `# ${line.replaceAll(/\p{Cc}/gu, '\uFFFD')}`).join('\n');
  return [comment, ...roles.flatMap((role) => manifestsOf(user, role)).map((each) => stringify(each).trimEnd())].join(
    '\n---\n',
  );
}

function manifestsOf(user: string, { namespace, rules }: MinimalAccess['roles'][number]): object[] {
  const name = roleName(user);
  const kind = namespace === '' ? 'ClusterRole' : 'Role';
  const metadata = namespace === '' ? { name } : { name, namespace };
  const account = serviceAccountOf(user);
  const subject = account
    ? { kind: 'ServiceAccount', namespace: account[0], name: account[1] }
    : { kind: 'User', apiGroup: rbacGroup, name: user };
  const apiVersion = `${rbacGroup}/v1`;
  return [
    { apiVersion, kind, metadata, rules },
    { apiVersion, kind: `${kind}Binding`, metadata, roleRef: { apiGroup: rbacGroup, kind, name }, subjects: [subject] },
  ];
}
