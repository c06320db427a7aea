/** An interval measured in margins, so that figures of different units share one picture: harm begins at −1. */

export interface Bounds {
  estimate: number;
  /** Null where there is no bound on that side. */
  low: number | null;
  high: number | null;
}

export interface Span {
  estimate: number;
  low: number;
  high: number;
  /** Where harm begins: −1, or null where nothing is allowed and harm begins at once. */
  harm: number | null;
}

/** Differences turned so that more is better, in units of the margin; without one, in units of the interval. */
export function inMargins({ estimate, low, high }: Bounds, margin: number, better: "higher" | "lower"): Span {
  const sign = better === "higher" ? 1 : -1;
  const unit = margin > 0 ? margin : widest(estimate, low, high);
  const turned = (value: number) => (value === 0 ? 0 : (sign * value) / unit);
  const [least, most] = [turned(low ?? -Infinity), turned(high ?? Infinity)].sort((one, other) => one - other) as [number, number];
  return { estimate: turned(estimate), low: least, high: most, harm: margin > 0 ? -1 : null };
}

/** Half of what there is to show, so that it fills the picture; 1 where all is nought. */
function widest(...values: (number | null)[]): number {
  const known = values.flatMap((value) => (value === null ? [] : Math.abs(value)));
  return Math.max(0, ...known) / 2 || 1;
}

/** What the picture shows: this many margins to either side. */
export const SHOWN_MARGINS = 3;

export interface Placed {
  x: number;
  /** The value lies beyond the picture. */
  beyond: boolean;
}

/** Where a number of margins is drawn, from 0 at the left to `width`. */
export function place(margins: number, width: number): Placed {
  const held = Math.max(-SHOWN_MARGINS, Math.min(SHOWN_MARGINS, margins));
  return { x: ((held + SHOWN_MARGINS) / (2 * SHOWN_MARGINS)) * width, beyond: held !== margins };
}
