export { type Berth, type BerthOptions, freePort, startBerth } from './berth.ts';
export { openVisitor, openWire, startBrowser, type Visitor } from './browser.ts';
export { chance } from './chance.ts';
export { busyboxArchive, type ImageFile, webArchive } from './images.ts';
export { type Ledger, startLedger } from './ledger.ts';
export { type Load, type LoadResult, startLoad } from './load.ts';
export { type Result, run } from './run.ts';
export { openTerminal, type Terminal } from './transcript.ts';
export { until } from './until.ts';
