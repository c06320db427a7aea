/** Numbers as people write them. */

const WHOLE = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** "12,480". */
export function numberText(value: number): string {
  return WHOLE.format(value);
}

/** A share in hundredths, without digits that say nothing: "5 %", "12.5 %". */
export function percentText(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

/** "1 person", "12 people". */
export function counted(number: number, one: string, many: string): string {
  return `${numberText(number)} ${number === 1 ? one : many}`;
}

/** With its sign; what is rounded to nought has none. */
export function signedText(value: number, digits: number): string {
  const size = Math.abs(value).toFixed(digits);
  if (Number(size) === 0) return size;
  return `${value < 0 ? "−" : "+"}${size}`;
}
