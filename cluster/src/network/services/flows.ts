import { run } from './nft.ts';

/**
 * Makes conntrack forget UDP flows to endpoints that are gone, so that the next packet is led to another one.
 * `flows`: `address port endpointAddress` as in `Rules.flows`. That there is nothing to forget is no error.
 */
export async function endFlows(flows: readonly string[], runner = run): Promise<void> {
  for (const flow of flows) {
    const [address, port = '', endpoint = ''] = flow.split(' ');
    const wanted = ['-D', '-p', 'udp', '--orig-port-dst', port, '--reply-src', endpoint];
    if (address) wanted.push('--orig-dst', address);
    await runner('conntrack', wanted).catch(ignoreNothingFound);
  }
}

/** Makes conntrack forget everything from or to a range: when its instance goes. */
export async function endAllFlows(range: string): Promise<void> {
  for (const direction of ['--orig-src', '--orig-dst']) {
    await run('conntrack', ['-D', direction, range]).catch(ignoreNothingFound);
  }
}

/** Without the program, old flows end by their own time-out; `berth doctor` reports that it is missing. */
function ignoreNothingFound(error: unknown): void {
  if (!(error instanceof Error) || !/0 flow entries|cannot be run/.test(error.message)) throw error;
}
