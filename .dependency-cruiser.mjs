/** The house's arrows (see ARCHITECTURE.md): an arrow may only point down, and rooms meet at their `exports` alone. */
const room = (name) => `^${name}/`;
const forbid = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.test\\.tsx?$', '\\.d\\.m?ts$', '(^|/)(vite|vitest)[^/]*\\.config\\.ts$', '\\.mjs$'],
      },
      to: {},
    },
    {
      name: 'no-non-package-json',
      severity: 'error',
      from: {},
      // The rooms themselves are workspaces: reached through their package's `exports`, ruled by the arrows below.
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'],
        pathNot: '^(kube|cluster|platform|console|berth)/src/|^examples/shop/app/',
      },
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    forbid(
      'kube-stands-alone',
      room('kube'),
      '^(cluster|platform|console|berth|e2e|bench|examples)/',
      'kube/ knows nobody',
    ),
    forbid(
      'cluster-knows-kube',
      room('cluster'),
      '^(platform|console|berth|e2e|bench|examples)/',
      'cluster/ knows only kube/',
    ),
    forbid(
      'platform-knows-kube',
      room('platform'),
      '^(cluster|console|berth|e2e|bench|examples)/',
      'platform/ knows only kube/',
    ),
    forbid(
      'console-knows-kube',
      room('console'),
      '^(cluster|platform|berth|e2e|bench|examples)/',
      'console/ meets the server over HTTP',
    ),
    {
      name: 'console-imports-types-only',
      severity: 'error',
      from: { path: room('console') },
      to: { path: room('kube'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'capabilities-do-not-meet',
      severity: 'error',
      comment: 'What two capabilities share is an object in the cluster, or lives in kube/',
      from: { path: '^platform/src/([^/]+)/' },
      to: { path: '^platform/src/([^/]+)/', pathNot: '^platform/src/$1/' },
    },
    {
      name: 'examples-stand-alone',
      severity: 'error',
      from: { path: '^examples/' },
      to: { path: '^(kube|cluster|platform|console|berth|e2e|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules/(?!@berth))/' },
    tsPreCompilationDeps: true,
    detectProcessBuiltinModuleCalls: true,
    combinedDependencies: false,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
