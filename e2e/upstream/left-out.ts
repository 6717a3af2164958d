/** What is not run, as patterns of the suites' own names, each with its reason. Whatever is not here has to pass. */
export const leftOut = {
  /** Of the suite against real containers. */
  real: {},
  /** Of the suite where pods only pretend to run: besides, what asks a server that runs in a pod. */
  simulated: {
    'AdmissionWebhook|CustomResourceConversionWebhook|CustomResourceFieldSelectors': 'webhooks run in pods',
    Aggregator: 'the aggregated API server runs in a pod',
  },
  cli: {},
  apps: {},
  node: {},
  scheduling: {},
  storage: {},
  network: {},
  controllerRuntime: {
    'Should list serviceaccounts and find exactly one in namespace test-namespace-1':
      'counts on a namespace without its default account, which the pods of the other specs need here',
  },
} as const satisfies Record<string, Readonly<Record<string, string>>>;
