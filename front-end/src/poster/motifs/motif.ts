import type { ReactElement } from "react";

import type { Random } from "../random";

/** The inks of a poster. `ground` is the paper, `ink` the letters; `one` and `two` belong to the picture. */
export interface Palette {
  ground: string;
  ink: string;
  one: string;
  two: string;
}

export interface Canvas {
  width: number;
  height: number;
  palette: Palette;
  random: Random;
}

/** Draws a genre's picture into a box whose origin is its top left corner. */
export type Motif = (canvas: Canvas) => ReactElement;

export type Point = readonly [number, number];

/** An SVG path through points, with one decimal. */
export function path(points: readonly Point[], closed = true): string {
  return `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}${closed ? "Z" : ""}`;
}

export function polar(cx: number, cy: number, radius: number, turn: number): Point {
  const angle = turn * 2 * Math.PI;
  return [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
