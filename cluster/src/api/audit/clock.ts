/** The time of day in microseconds since 1970, which does not run backwards while the machine's clock does not. */
export class MicroClock {
  #offset = 0;
  #second = 0;
  #secondText = '';

  now(): number {
    const wall = Date.now();
    const precise = performance.timeOrigin + performance.now() + this.#offset;
    // Of two clocks the finer one knows nothing of the machine's being set anew.
    if (precise >= wall - 1 && precise < wall + 2) return Math.floor(precise * 1000);
    this.#offset += wall - precise;
    return wall * 1000;
  }

  /** RFC 3339 with microseconds, as `metav1.MicroTime` is written. */
  text(micros: number): string {
    const second = Math.floor(micros / 1e6);
    if (second !== this.#second) {
      this.#secondText = new Date(second * 1000).toISOString().slice(0, 20);
      this.#second = second;
    }
    return `${this.#secondText}${String(micros - second * 1e6).padStart(6, '0')}Z`;
  }
}
