#!/usr/bin/env node
/** `npx berth …` in a clone: the same as `npm run berth -- …`. */
process.argv.splice(2, 0, 'berth');
await import('./launch.mjs');
