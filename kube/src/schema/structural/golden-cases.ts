import { readFileSync } from 'node:fs';
import type { ErrorCause } from '../../errors/index.ts';
import type { KubeObject } from '../../objects/index.ts';
import type { CustomResourceDefinition } from './definition.ts';

/** Definitions and objects with what Kubernetes itself answers for them; see `testdata/README.md`. */
export interface GoldenCase {
  name: string;
  definition: CustomResourceDefinition;
  /** What the definition replaces. */
  old?: CustomResourceDefinition;
  /** What is wrong with the definition. */
  causes: ErrorCause[];
  objects: GoldenObject[];
}

export interface GoldenObject {
  name: string;
  object: KubeObject;
  old?: KubeObject;
  subresource?: string;
  kubernetes: {
    /** The sentence with which the body is refused. */
    refused?: string;
    unknown?: string[];
    /** Absent when it is the object as it was written. */
    decoded?: unknown;
    causes?: ErrorCause[];
    cells?: unknown[];
    fields?: Record<string, string>;
  };
}

export function goldenCases(file: string): GoldenCase[] {
  const text = readFileSync(new URL(`./testdata/${file}.golden.json`, import.meta.url), 'utf8');
  return JSON.parse(text) as GoldenCase[];
}

/** The causes in an order of their own, since Kubernetes walks maps in none. */
export function sortedCauses(causes: readonly ErrorCause[] = []): string[] {
  return causes.map(({ reason, field, message }) => `${field} | ${reason} | ${message}`).sort();
}
