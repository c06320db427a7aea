import { describe, expect, it } from "vitest";

import { NARROW, WIDE, bulbs, setBoard } from "./board";

describe("setBoard", () => {
  const lines = [
    { text: "Tonight for profile 42", weight: "small", tone: "red" },
    { text: "The Bridge on the River Kwai", weight: "headline", tone: "ink" },
  ] as const;

  it.each([WIDE, NARROW])("keeps every letter on a board $width wide", (shape) => {
    const board = setBoard(lines, shape);
    for (const { tiles } of board.lines) {
      expect(tiles[0]?.x).toBeGreaterThanOrEqual(0);
      const last = tiles.at(-1);
      expect((last?.x ?? 0) + (last?.width ?? 0)).toBeLessThanOrEqual(shape.width);
    }
  });

  it("hangs the words in order, in capitals", () => {
    const text = setBoard(lines, NARROW).lines.map(({ tiles }) => tiles.map((tile) => tile.letter).join(""));
    expect(text.join(" ")).toBe("TONIGHT FOR PROFILE 42 THE BRIDGE ON THE RIVER KWAI");
  });
});

describe("bulbs", () => {
  it("goes once around without doubling a corner", () => {
    const places = bulbs(40, 20, 10).map(([x, y]) => `${x},${y}`);
    expect(places).toHaveLength(12);
    expect(new Set(places).size).toBe(12);
    expect(places).toContain("0,0");
    expect(places).toContain("40,20");
  });
});
