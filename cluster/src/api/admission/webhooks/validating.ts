import type { ServedKind } from '../../kinds.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts';
import { isConfiguration } from '../matching/matcher.ts';
import { VersionedRequest } from '../matching/versions.ts';
import { ask, unforgiven } from './call.ts';
import { concerned, type WebhookParts } from './concerned.ts';
import { type Hook, Hooks } from './hooks.ts';

/** Asks all webhooks of ValidatingWebhookConfigurations at the same time; one refusal is enough. */
export function validatingWebhooks(parts: WebhookParts): AdmissionPlugin {
  const hooks = new Hooks(parts.storage, 'validatingwebhookconfigurations');
  return {
    name: 'ValidatingAdmissionWebhook',
    check(request) {
      if (hooks.all.length === 0 || isConfiguration(request)) return;
      return check(parts, hooks.all, request);
    },
  };
}

async function check(parts: WebhookParts, hooks: readonly Hook[], request: AdmissionRequest): Promise<void> {
  const versioned = new VersionedRequest(request);
  const asked: { hook: Hook; matched: ServedKind }[] = [];
  for (const hook of hooks) {
    const matched = await concerned(parts, hook, versioned);
    if (matched) asked.push({ hook, matched });
  }
  const refusals = await Promise.all(
    asked.map(async ({ hook, matched }, index) => {
      try {
        await ask(parts.caller, hook, versioned, matched, { isMutating: false });
        return undefined;
      } catch (error) {
        const refusal = unforgiven(hook, error);
        if (refusal === undefined) {
          request.call.record?.annotate(
            `failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`,
            hook.name,
          );
          parts.logger.warn({ err: error, webhook: hook.name }, 'a webhook failed and is ignored');
        }
        return refusal;
      }
    }),
  );
  // Which of several refusals is told does not depend on who was faster.
  const refusal = refusals.find((one) => one !== undefined);
  if (refusal !== undefined) throw refusal;
}
