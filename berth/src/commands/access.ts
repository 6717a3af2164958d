import { resolve } from 'node:path';
import { auditPlace, queryAuditLog } from '@berth/cluster/audit';
import { clientFromKubeconfig, type KubeconfigClient } from '@berth/kube/client';
import { isBerthError } from '@berth/kube/errors';
import type { PathAttributes, RbacPolicy, ResourceAttributes } from '@berth/kube/rbac';
import {
  type Asked,
  holdersOf,
  minimalAccess,
  questionFor,
  type RecordedRequest,
  readRbac,
  reasonsFor,
  whoOf,
} from '@berth/platform/access';
import { grantText, holderTable, minimalManifests, questionText, reasonLines } from '../access-text.ts';
import { kubeconfigFile } from './kubeconfig.ts';

interface ClusterOptions {
  dataDir: string;
  kubeconfig?: string;
  context?: string;
  output: 'text' | 'json';
}

interface QuestionOptions extends ClusterOptions {
  namespace?: string;
  allNamespaces: boolean;
  subresource?: string;
}

/** Prints who may do something, and by which binding. */
export async function whoCan(verb: string, what: string, options: QuestionOptions): Promise<void> {
  await using cluster = await open(options);
  const attributes = await ask(cluster.client, verb, what, options);
  const holders = holdersOf(await readRbac(cluster.client), attributes);
  if (options.output === 'json') return console.log(JSON.stringify(holders, null, 2));
  for (const line of holderTable(holders)) console.log(line);
}

/** Prints whether somebody may do something and by what, or what is missing and what would give it; status 1 when they may not. */
export async function why(
  user: string,
  verb: string,
  what: string,
  options: QuestionOptions & { group: string[]; auditLogPath?: string },
): Promise<void> {
  await using cluster = await open(options);
  const attributes = await ask(cluster.client, verb, what, options);
  const groups = options.group.length > 0 ? options.group : await recordedGroups(user, options);
  const who = whoOf(user, groups);
  const decision = await review(cluster.client, who, attributes);
  const reasons = reasonsFor(await readRbac(cluster.client), who, attributes);
  const { allowed, reason = '' } = decision;
  if (!allowed) process.exitCode = 1;
  if (options.output === 'json')
    return console.log(JSON.stringify({ user: who, asked: attributes, allowed, reason, ...reasons }, null, 2));
  const asked = questionText(attributes);
  console.log(`${allowed ? 'yes' : 'no'}: ${user} ${allowed ? 'may' : 'may not'} ${asked}`);
  if (who.groups.length > 1) console.log(`groups: ${who.groups.join(', ')}`);
  // RBAC is not the only one who decides: nodes have an authorizer of their own, clusters may have webhooks.
  if (allowed && reasons.grant) console.log(grantText(reasons.grant));
  else if (allowed) console.log(reasons.isMaster ? 'by its group system:masters, which may do everything' : reason);
  else for (const line of reasonLines(who, attributes, reasons, reason)) console.log(line);
}

/** Prints the smallest roles with which a user could have sent what the audit log has of it, as manifests. */
export async function minimal(
  user: string,
  options: ClusterOptions & {
    auditLogPath?: string;
    since?: number;
    namespace?: string;
    maxNames: number;
    includeRefused: boolean;
  },
): Promise<void> {
  const { since, namespace, maxNames, includeRefused } = options;
  const filter = { user, ...(since === undefined ? {} : { since }), ...(namespace === undefined ? {} : { namespace }) };
  const found = await queryAuditLog(logOf(options), filter);
  const requests = found.map(({ event }) => event as RecordedRequest);
  const policy = await policyIfThere(options);
  const access = minimalAccess(user, requests, { maxNames, includeRefused, ...(policy ? { policy } : {}) });
  if (options.output === 'json') console.log(JSON.stringify(access, null, 2));
  else console.log(minimalManifests(user, access));
  if (access.roles.length === 0) process.exitCode = access.requests + access.common === 0 ? 1 : 0;
}

function logOf({ dataDir, auditLogPath }: { dataDir: string; auditLogPath?: string }): string {
  return auditPlace(resolve(dataDir), auditLogPath === undefined ? undefined : resolve(auditLogPath)).path;
}

async function open({
  dataDir,
  kubeconfig,
  context,
}: ClusterOptions): Promise<AsyncDisposable & { client: KubeconfigClient }> {
  const client = await clientFromKubeconfig(kubeconfig ?? kubeconfigFile(dataDir), context);
  return { client, [Symbol.asyncDispose]: () => client.close() };
}

async function ask(
  client: KubeconfigClient,
  verb: string,
  what: string,
  { namespace = client.namespace, allNamespaces, subresource }: QuestionOptions,
): Promise<ResourceAttributes | PathAttributes> {
  const asked: Asked = { verb, what, namespace, allNamespaces, ...(subresource === undefined ? {} : { subresource }) };
  const { attributes, warning } = await questionFor(client.connection, asked);
  if (warning) console.error(`berth: ${warning}; the answer is what roles say of that name`);
  return attributes;
}

/** The groups with which a user last came, where there is a record. */
async function recordedGroups(user: string, options: { dataDir: string; auditLogPath?: string }): Promise<string[]> {
  try {
    const [last] = await queryAuditLog(logOf(options), { user, limit: 1 });
    const { event } = last ?? {};
    const sender = event?.impersonatedUser?.username === user ? event.impersonatedUser : event?.user;
    return sender?.groups ?? [];
  } catch (error) {
    if (isBerthError(error, 'NotFound')) return [];
    throw error;
  }
}

interface ReviewStatus {
  allowed: boolean;
  reason?: string;
}

/** What the cluster itself says. */
async function review(
  client: KubeconfigClient,
  { name, groups }: { name: string; groups: readonly string[] },
  asked: ResourceAttributes | PathAttributes,
): Promise<ReviewStatus> {
  const attributes = 'path' in asked ? { nonResourceAttributes: asked } : { resourceAttributes: asked };
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: name, groups, ...attributes },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  return ((await client.connection.json({ method: 'POST', path, body })) as { status: ReviewStatus }).status;
}

/** The record is enough; with the cluster at hand, what everybody may is left out. */
async function policyIfThere(options: ClusterOptions): Promise<RbacPolicy | undefined> {
  try {
    await using cluster = await open(options);
    return await readRbac(cluster.client);
  } catch (error) {
    if (options.kubeconfig !== undefined) throw error;
    console.error('berth: the cluster does not answer, so that what everybody may is in the roles as well');
    return undefined;
  }
}
