import metrics from "./metrics.json";

export type FaceName = keyof typeof metrics;

/** A display face's measures, in em. */
export interface Face {
  name: FaceName;
  cap: number;
  ascent: number;
  descent: number;
}

interface Measures {
  cap: number;
  ascent: number;
  descent: number;
  advances: Readonly<Record<string, number>>;
}

const TABLE: Readonly<Record<FaceName, Measures>> = metrics;

/** What a character outside the table (another script, an emoji) is taken to be wide, in 1/1000 em. */
const UNKNOWN_ADVANCE = 620;

export function face(name: FaceName): Face {
  const { cap, ascent, descent } = TABLE[name];
  return { name, cap: cap / 1000, ascent: ascent / 1000, descent: descent / 1000 };
}

/** The width of a line set solid in a face, in em; kerning is left out. */
export function textWidth(name: FaceName, text: string): number {
  const { advances } = TABLE[name];
  let width = 0;
  for (const character of text) {
    width += advances[character] ?? UNKNOWN_ADVANCE;
  }
  return width / 1000;
}
