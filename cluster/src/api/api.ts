import { mastersGroup } from '@berth/kube/rbac';
import { Admission } from './admission/admission.ts';
import { certificateRequests } from './admission/certificates.ts';
import { limitRanger } from './admission/limits/index.ts';
import { Matcher } from './admission/matching/matcher.ts';
import { namespaceLifecycle } from './admission/namespace-lifecycle.ts';
import { nodeRestriction } from './admission/node-restriction/index.ts';
import { podSecurity } from './admission/pod-security.ts';
import { defaultTolerations, priority } from './admission/pods.ts';
import { mutatingPolicies } from './admission/policies/mutating.ts';
import { startTypeChecking } from './admission/policies/status.ts';
import { validatingPolicies } from './admission/policies/validating.ts';
import { resourceQuota } from './admission/quota/index.ts';
import { runtimeClasses } from './admission/runtime-class.ts';
import { serviceAccounts } from './admission/service-account.ts';
import { serviceAddresses } from './admission/services.ts';
import { certificateSigners } from './admission/signers.ts';
import { claimResize, defaultStorageClass, storageInUseProtection } from './admission/storage.ts';
import { mutatingWebhooks } from './admission/webhooks/mutating.ts';
import { validatingWebhooks } from './admission/webhooks/validating.ts';
import { Aggregator } from './aggregation/index.ts';
import { Audit } from './audit/index.ts';
import { Authenticator } from './authentication/authenticator.ts';
import { bootstrapUser, keepRemovingExpiredTokens } from './authentication/bootstrap-tokens.ts';
import { issuerHandler } from './authentication/issuer.ts';
import { ConfiguredAuthentication } from './authentication/jwt/index.ts';
import { SecretTokens } from './authentication/secret-tokens.ts';
import { ServiceAccountTokens } from './authentication/service-accounts.ts';
import { SigningKey } from './authentication/signing-key.ts';
import { keepTokenSecrets, noteUses } from './authentication/token-secrets.ts';
import { privilegeEscalation } from './authorization/escalation.ts';
import { NodeAuthorizer } from './authorization/node/index.ts';
import { RbacAuthorizer } from './authorization/rbac.ts';
import { UnionAuthorizer } from './authorization/union.ts';
import { advertise } from './bootstrap/advertise.ts';
import { bootstrap } from './bootstrap/bootstrap.ts';
import { publishRootCa } from './bootstrap/root-ca.ts';
import type { Call } from './call.ts';
import { builtInKinds } from './conversion/built-in.ts';
import { CustomResources, customResourceAdmission } from './crd/index.ts';
import { discoveryHandler } from './discovery/handler.ts';
import { startEventExpiry } from './events/expiry.ts';
import { FlowControl, flowMetrics, startKeepingFlows, usualSeats } from './flowcontrol/index.ts';
import { flowDumpHandler } from './http/flow-dump.ts';
import { requestHandler } from './http/handle.ts';
import { healthHandler, type ReadyCheck } from './http/health.ts';
import { RequestMetrics } from './http/metrics.ts';
import { BodyReader } from './http/read-body.ts';
import { HttpsServer } from './http/server.ts';
import { UnreadBudget } from './http/unread.ts';
import { KindRegistry } from './kinds.ts';
import { LoopbackClient } from './loopback/client.ts';
import type { Machinery } from './machinery.ts';
import { measuredKinds, type NodeAccessHolder } from './nodes/index.ts';
import { openApiHandler } from './openapi/handler.ts';
import { Pipeline } from './pipeline.ts';
import { ProtobufDecoder } from './protobuf/decode.ts';
import { objectProxy } from './proxy/index.ts';
import { discardUnreadable, rewriteStale } from './storage/at-rest.ts';
import { ObjectStorage } from './storage/object-storage.ts';
import { podLog } from './streaming/log.ts';
import type { PodAccessHolder } from './streaming/pod.ts';
import { isUpgrade, upgradeHandler } from './streaming/upgrade.ts';
import { subresourcesOf } from './subresources/index.ts';
import { Tables } from './table/table.ts';
import type { ApiOptions, ApiServer, User } from './types.ts';
import { Turns } from './verbs/turns.ts';
import { WebhookCaller } from './webhook/index.ts';
import { Yaml } from './yaml/yaml.ts';

const self: User = { name: 'system:apiserver', groups: [mastersGroup] };

/** Builds the API server over a store, with the objects that every cluster has. */
export async function createApi(options: ApiOptions): Promise<ApiServer> {
  const { logger, store, serviceRange, clusterCa, nodePortRange: nodePorts = { from: 30000, to: 32767 } } = options;
  const now = options.now ?? (() => new Date());
  const storage = new ObjectStorage(store, options.watches, options.encryption);
  await storage.readAgain();
  let broken = false;
  storage.follow((error) => {
    broken = true;
    logger.error({ err: error }, 'the store can no longer be followed');
  });

  const webhooks = new WebhookCaller(storage);
  const registry = new KindRegistry(builtInKinds());
  const rbac = new RbacAuthorizer(storage);
  const authorizer = new UnionAuthorizer([new NodeAuthorizer(storage), rbac]);
  const key = new SigningKey(options.authentication.serviceAccountKey);
  const tokens = new ServiceAccountTokens(storage, key, { issuer: options.authentication.issuer, now });
  // Nobody uses a token before there is something to patch with.
  const secretTokens = new SecretTokens(storage, key, (secret) => noteUsed(secret));
  const fixedTokens = new Map(Object.entries(options.authentication.tokens ?? {}));
  const { configuration } = options.authentication;
  const issuers = configuration && new ConfiguredAuthentication({ ...configuration, own: tokens.issuer, now, logger });
  const authenticator = new Authenticator(
    [
      (token) => fixedTokens.get(token),
      async (token) => (await tokens.authenticate(token))?.user,
      (token) => secretTokens.authenticate(token),
      (token) => bootstrapUser(storage, token, now()),
      (token) => issuers?.authenticate(token),
    ],
    issuers?.anonymous,
  );
  const outside = {
    storage,
    kinds: registry,
    matcher: new Matcher(storage, registry),
    caller: webhooks,
    authorizer,
    logger,
  };
  const admission = new Admission([
    namespaceLifecycle(storage),
    customResourceAdmission((definition) => custom.claim(definition)),
    limitRanger(storage),
    serviceAccounts(storage),
    nodeRestriction(storage, authorizer),
    podSecurity(storage),
    priority(storage),
    defaultTolerations,
    defaultStorageClass(storage),
    storageInUseProtection,
    claimResize(storage),
    runtimeClasses(storage),
    serviceAddresses(storage, { serviceRange, nodePorts }),
    certificateRequests(now),
    mutatingPolicies(outside),
    mutatingWebhooks(outside),
    privilegeEscalation(rbac),
    certificateSigners(authorizer),
    validatingPolicies(outside),
    validatingWebhooks(outside),
    resourceQuota(storage, now),
  ]);
  const nodes: NodeAccessHolder = { current: undefined };
  for (const kind of measuredKinds({ storage, nodes, now })) registry.add(kind);
  const turns = new Turns();
  const audit = options.audit && new Audit(options.audit);
  const machinery: Machinery = {
    ...{ storage, kinds: registry, admission, authorizer, webhooks, turns, now, logger },
    ...(audit ? { audit } : {}),
  };
  const pipeline = new Pipeline(machinery, subresourcesOf({ authorizer, rbac, authenticator, tokens }));
  const podAccess: PodAccessHolder = { current: options.podAccess };
  const checks: ReadyCheck[] = [{ name: 'store', check: () => !broken }];
  const client = (user: User) => new LoopbackClient(pipeline, user);
  const noteUsed = noteUses({ client: client(self), now, logger });

  const run = (call: Call) => pipeline.run(call);
  const custom = new CustomResources({
    storage,
    kinds: registry,
    webhooks,
    run,
    user: self,
    client: client(self),
    now,
    logger,
  });
  custom.start();

  await bootstrap(client(self), { serviceRange });
  const stopPublishing = publishRootCa(storage, client(self), { clusterCa, logger });
  const stopKeepingFlows = startKeepingFlows({ storage, client: client(self), logger });
  const stopKeeping = keepTokenSecrets({ storage, client: client(self), tokens: secretTokens, clusterCa, logger });

  const stopRemoving = keepRemovingExpiredTokens({ storage, client: client(self), now, logger });

  const stopChecking = startTypeChecking({ storage, kinds: registry, client: client(self), logger });
  const stopExpiry = startEventExpiry(storage, { now, logger });
  const proxy = objectProxy(machinery, nodes, options.dial);
  const aggregator = new Aggregator({
    storage,
    kinds: registry,
    client: client(self),
    endpoints: webhooks.endpoints,
    clientCa: clusterCa,
    frontProxy: options.frontProxy,
    dial: options.dial,
    now,
    logger,
  });
  aggregator.start();
  const aggregated = (path: string) => aggregator.find(path);
  const metrics = new RequestMetrics();
  // Nobody waits for issuers that may not be there: they may run in this very cluster.
  void issuers?.start();
  const { maxRequestsInflight: seats = usualSeats } = options;
  const flows = seats === 0 ? undefined : new FlowControl({ storage, client: client(self), seats, now, logger });
  flows?.start();
  const servers = new Set<HttpsServer>();
  /** Where this server is found. */
  let address: string | undefined;
  const yaml = new Yaml();
  const tables = new Tables(now);
  const unread = new UnreadBudget(options.watches?.unreadBytes);
  const handler = requestHandler({
    pipeline,
    authenticator,
    flows,
    tables,
    protobuf: new ProtobufDecoder(),
    yaml,
    paths: [
      healthHandler(checks),
      discoveryHandler(registry, aggregator),
      openApiHandler(registry, aggregator),
      ...(flows ? [flowDumpHandler(flows)] : []),
      issuerHandler(tokens, () => address ?? 'kubernetes.default.svc'),
      metrics.handler(storage, () => [
        ...(audit?.metrics() ?? []),
        ...(issuers?.metrics() ?? []),
        ...(flows ? flowMetrics(flows) : []),
      ]),
    ],
    aggregated,
    streams: new Map([
      ['/pods/log', podLog(machinery, podAccess)],
      ...['pods', 'services', 'nodes'].map((resource) => [`/${resource}/proxy`, proxy.serve] as const),
    ]),
    bodies: new BodyReader(options.requests),
    unread,
    failed: (error, path) => logger.error({ err: error, path }, 'a request failed'),
    finished: (verb, resource, code, milliseconds) => metrics.finished(verb, resource, code, milliseconds),
  });

  return {
    client,
    async listen(listen) {
      const server = new HttpsServer(
        listen,
        {
          request: handler,
          isUpgrade: (request) => isUpgrade({ pipeline, aggregated }, request),
          upgrade: upgradeHandler({
            pipeline,
            authenticator,
            flows,
            tables,
            unread,
            aggregated,
            holder: podAccess,
            proxy,
          }),
        },
        logger,
      );
      const listening = await server.listen(listen);
      servers.add(server);
      address ??= `${listen.host}:${listening.port}`;
      return listening;
    },
    advertise(at) {
      address = `${at.address}:${at.port}`;
      return advertise(client(self), at);
    },
    setPodAccess(access) {
      podAccess.current = access;
    },
    setNodeAccess(access) {
      nodes.current = access;
    },
    addReadyCheck: (name, check) => void checks.push({ name, check }),
    rewriteStale: () => rewriteStale(storage),
    unreadable: () => storage.unreadable,
    discard: (key) => discardUnreadable(storage, key),
    async close() {
      stopPublishing();
      stopKeeping();
      stopRemoving();
      stopKeepingFlows();
      stopExpiry();
      stopChecking();
      flows?.stop();
      await Promise.all([...servers].map((server) => server.close()));
      await aggregator.close();
      await custom.close();
      await webhooks.close();
      await issuers?.close();
      await yaml.close();
      await storage.close();
      // Everybody has been answered by now.
      await audit?.close();
    },
  };
}
