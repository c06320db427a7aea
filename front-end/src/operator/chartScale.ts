/** Where the points of a chart go. */

export interface Scale {
  /** From a value to a height in the chart, y downwards. */
  y: (value: number) => number;
  ticks: number[];
}

/** A scale with round ticks around the values; a single value gets room above and below. */
export function niceScale(values: readonly number[], top: number, bottom: number, wantedTicks = 4): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spread = high - low || Math.abs(high) * 0.1 || 0.1;
  const step = roundStep(spread / (wantedTicks - 1));
  const first = Math.floor((low - spread * 0.05) / step);
  const last = Math.ceil((high + spread * 0.05) / step);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  const span = (last - first) * step;
  return { y: (value) => bottom - ((value - first * step) / span) * (bottom - top), ticks };
}

/** The next of 1, 2, 5 × 10ⁿ. */
function roundStep(raw: number): number {
  const magnitude = 10 ** Math.floor(Math.log10(raw));
  const leading = raw / magnitude;
  return magnitude * (leading <= 1 ? 1 : leading <= 2 ? 2 : leading <= 5 ? 5 : 10);
}
