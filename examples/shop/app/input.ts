import { HttpError } from './http/http-error.ts';

type Members = Readonly<Record<string, unknown>>;

/** Checks of what came in from outside. Each throws HttpError 400 that names the member. */
export function members(value: unknown): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new HttpError(400, 'the body must be a JSON object');
  }
  return value as Members;
}

export function text(input: Members, name: string, min: number, max: number): string {
  const value = input[name];
  if (typeof value !== 'string' || value.trim().length < min || value.length > max) {
    throw new HttpError(400, `${name} must be a text of ${min} to ${max} characters`);
  }
  return value.trim();
}

export function integer(input: Members, name: string, min: number, max: number): number {
  const value = input[name];
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw new HttpError(400, `${name} must be a whole number from ${min} to ${max}`);
  }
  return value;
}

export function list(input: Members, name: string, max: number): Members[] {
  const value = input[name];
  if (!Array.isArray(value) || value.length === 0 || value.length > max) {
    throw new HttpError(400, `${name} must be a list of 1 to ${max} members`);
  }
  return value.map(members);
}
