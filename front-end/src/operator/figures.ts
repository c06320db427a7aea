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
