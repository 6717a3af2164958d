/** What is wrong, field by field, as Kubernetes writes it. Source: `k8s.io/apimachinery/pkg/util/validation/field`. */
export class Faults {
  readonly found: string[] = [];

  required(field: string, detail: string): void {
    this.found.push(`${field}: Required value: ${detail}`);
  }

  invalid(field: string, value: unknown, detail: string): void {
    this.shown(field, JSON.stringify(value), detail);
  }

  shown(field: string, value: string, detail: string): void {
    this.found.push(`${field}: Invalid value: ${value}: ${detail}`);
  }
}
