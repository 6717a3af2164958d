import { catalog } from './catalog/service.ts';
import { orders } from './orders/service.ts';
import { payments } from './payments/service.ts';
import { type Service, type ServiceContext, startService } from './service.ts';
import { storefront } from './storefront/service.ts';

const services: Readonly<Record<string, (context: ServiceContext) => Service>> = {
  storefront,
  catalog,
  orders,
  payments,
};

/** The number in a variable. @throws Error with a sentence when it is none, or out of range. */
function number(name: string, fallback: number, max: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 0 && value <= max)) {
    throw new Error(`${name} must be a whole number from 0 to ${max}, not "${text}"`);
  }
  return value;
}

try {
  const name = process.argv[2] ?? '';
  const build = services[name];
  if (build === undefined) throw new Error(`say which service to run: ${Object.keys(services).join(', ')}`);
  const delayMs = number('DRAIN_MS', 4_000, 60_000);
  const write = (line: string) => process.stdout.write(line);
  const service = await startService({ name, env: process.env, port: number('PORT', 8080, 65_535), write, build });
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    service.stop(delayMs).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${error}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
