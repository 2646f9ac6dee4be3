/** What a model costs, for a million tokens, in whatever currency the prices are written. */
export interface ModelPrice {
  readonly input: number;
  readonly cachedInput: number;
  readonly output: number;
}

const PER_TOKENS = 1_000_000;
const AMOUNT = /^\d+(\.\d+)?$/;

/**
 * `gpt-4o-mini=0.15/0.60 other=1/0.5/2`: for each model INPUT/OUTPUT or INPUT/CACHED/OUTPUT, for a
 * million tokens. Cached input costs as much as other input where nothing is said of it.
 *
 * @throws TypeError whose message says what is wrong
 */
export function parsePrices(text: string): ReadonlyMap<string, ModelPrice> {
  const prices = new Map<string, ModelPrice>();
  for (const entry of text.split(/[\s,]+/).filter((part) => part !== '')) {
    // Names of models may hold one themselves.
    const sign = entry.lastIndexOf('=');
    const model = entry.slice(0, Math.max(0, sign));
    const amounts = entry.slice(sign + 1).split('/');
    if (
      model === '' ||
      amounts.length < 2 ||
      amounts.length > 3 ||
      !amounts.every((one) => AMOUNT.test(one))
    ) {
      throw new TypeError(`must be MODEL=INPUT/OUTPUT or MODEL=INPUT/CACHED/OUTPUT, but '${entry}' is not`);
    }
    if (prices.has(model)) throw new TypeError(`has the model '${model}' twice`);
    const numbers = amounts.map(Number);
    const [input, output] = [numbers[0] as number, numbers.at(-1) as number];
    prices.set(model, { input, cachedInput: numbers.length === 3 ? (numbers[1] as number) : input, output });
  }
  return prices;
}

/** What an answer cost. */
export const costOf = (
  price: ModelPrice,
  usage: { readonly input: number; readonly cachedInput: number; readonly output: number },
): number =>
  (usage.input * price.input + usage.cachedInput * price.cachedInput + usage.output * price.output) /
  PER_TOKENS;
