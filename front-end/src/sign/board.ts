/** Setting lines on a cinema's letter board: every letter a tile of its own, standing on a rail. */
import { face, textWidth } from "../poster/faces";
import { setTitle } from "../poster/layout";
import { seededRandom } from "../poster/random";

const FACE = "League Gothic";
const INSET = 0.05; // of the width, kept free at either side

export interface SignLine {
  text: string;
  weight: "headline" | "small";
  tone: "ink" | "red";
}

export interface Tile {
  letter: string;
  x: number;
  width: number;
  /** Letters are hung by hand: none is quite straight. */
  tilt: number;
}

export interface BoardLine {
  tone: "ink" | "red";
  size: number;
  baseline: number;
  tiles: Tile[];
}

export interface Board {
  width: number;
  height: number;
  lines: BoardLine[];
}

export interface BoardShape {
  width: number;
  small: number;
  headline: number;
  headlineHeight: number;
  gap: number;
}

export const WIDE: BoardShape = { width: 1000, small: 44, headline: 190, headlineHeight: 210, gap: 20 };
export const NARROW: BoardShape = { width: 360, small: 27, headline: 108, headlineHeight: 216, gap: 11 };

export function setBoard(lines: readonly SignLine[], shape: BoardShape): Board {
  const { cap } = face(FACE);
  const random = seededRandom(lines.map((line) => line.text).join("\n"));
  const placed: BoardLine[] = [];
  let top = shape.gap * 1.2;
  for (const line of lines) {
    for (const { text, size } of setLine(line, shape)) {
      const baseline = top + size * cap;
      const tiles = tile(text, size, shape.width, () => random.between(-1.1, 1.1));
      placed.push({ tone: line.tone, size, baseline, tiles });
      top = baseline + shape.gap;
    }
  }
  return { width: shape.width, height: top, lines: placed };
}

function setLine(line: SignLine, shape: BoardShape): { text: string; size: number }[] {
  const small = line.weight === "small";
  const width = shape.width * (1 - 2 * INSET);
  return setTitle(line.text, FACE, "capitals", {
    width,
    maxSize: small ? shape.small : shape.headline,
    maxHeight: small ? shape.small * 3 : shape.headlineHeight,
    idealHeight: small ? shape.small * 0.7 : shape.headlineHeight * 0.75,
    gap: shape.gap,
  }).lines;
}

function tile(text: string, size: number, boardWidth: number, tilt: () => number): Tile[] {
  let x = (boardWidth - textWidth(FACE, text) * size) / 2;
  return Array.from(text, (letter) => {
    const width = textWidth(FACE, letter) * size;
    const placed = { letter, x, width, tilt: tilt() };
    x += width;
    return placed;
  });
}

/** Bulb centres around a frame, evenly spaced, a whole number to each side. */
export function bulbs(width: number, height: number, pitch: number): [number, number][] {
  const across = Math.max(2, Math.round(width / pitch));
  const down = Math.max(2, Math.round(height / pitch));
  const along = (n: number, place: (share: number) => [number, number]) =>
    Array.from({ length: n }, (_, i) => place(i / n));
  return [
    ...along(across, (share) => [share * width, 0]),
    ...along(down, (share) => [width, share * height]),
    ...along(across, (share) => [width - share * width, height]),
    ...along(down, (share) => [0, height - share * height]),
  ];
}
