/** How large something may be: characters, bytes, elements or entries. */
export interface Size {
  readonly min: number;
  readonly max: number;
}

/** Where cel-go's 64-bit arithmetic stops; estimates do not go beyond it. */
export const most = 2 ** 64;

const capped = (value: number) => Math.min(value, most);

export const unknown: Size = { min: 0, max: most };
export const fixed = (size: number): Size => ({ min: size, max: size });
export const sum = (a: Size, b: Size): Size => ({ min: capped(a.min + b.min), max: capped(a.max + b.max) });
export const product = (a: Size, b: Size): Size => ({ min: capped(a.min * b.min), max: capped(a.max * b.max) });
export const union = (a: Size, b: Size): Size => ({ min: Math.min(a.min, b.min), max: Math.max(a.max, b.max) });

/** What it costs at most to do something for each of `size.max`; a text is read at a tenth for each character. */
export const costOf = (size: Size | number, factor = 0.1) =>
  capped(Math.ceil((typeof size === 'number' ? size : size.max) * factor));

export const addCosts = (...costs: readonly number[]) => capped(costs.reduce((total, cost) => total + cost, 0));
export const multiplyCosts = (a: number, b: number) => capped(a * b);
