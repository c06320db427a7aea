import { describe, expect, it } from "vitest";

import { setTitle, type TypeBox } from "./layout";

const BOX: TypeBox = { width: 172, maxHeight: 168, idealHeight: 118, maxSize: 118, gap: 8 };

const TITLES = [
  "M",
  "Fargo",
  "The Good, the Bad and the Ugly",
  "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb",
  "Supercalifragilisticexpialidocious",
  "七人の侍",
  "x".repeat(400),
  "a b c d e f g h i j k l m n o p q r s t u v w x y z",
];

describe("setTitle", () => {
  it.each(TITLES)("keeps %s inside its box", (title) => {
    for (const face of ["League Gothic", "Bungee", "Limelight"] as const) {
      const { lines, height } = setTitle(title, face, "capitals", BOX);
      expect(height).toBeLessThanOrEqual(BOX.maxHeight + 1e-6);
      for (const line of lines) expect(line.width).toBeLessThanOrEqual(BOX.width + 1e-6);
    }
  });

  it("keeps every word, in order", () => {
    const title = "One Flew Over the Cuckoo's Nest";
    const words = setTitle(title, "Anton", "capitals", BOX).lines.map(({ text }) => text);
    expect(words.join(" ")).toBe("ONE FLEW OVER THE CUCKOO’S NEST");
  });

  it("fills the measure with each line of more than small words", () => {
    const { lines } = setTitle("Sunset Boulevard", "Abril Fatface", "capitals", BOX);
    for (const line of lines) expect(line.width).toBeCloseTo(BOX.width);
  });

  it("sets an article alone on its line small", () => {
    const { lines } = setTitle("The Shining", "Anton", "capitals", BOX);
    expect(lines.map(({ text }) => text)).toEqual(["THE", "SHINING"]);
    expect(lines[0]?.size).toBeLessThan((lines[1]?.size ?? 0) / 2);
  });

  it("leaves room for the tail of a large letter", () => {
    const plain = setTitle("O", "Abril Fatface", "capitals", BOX);
    const tailed = setTitle("Q", "Abril Fatface", "capitals", BOX);
    expect(plain.height).toBeCloseTo(plain.lines[0]?.baseline ?? 0);
    expect(tailed.height - (tailed.lines[0]?.baseline ?? 0)).toBeGreaterThan(0.15 * (tailed.lines[0]?.size ?? 0));
  });

  it("cuts a title that no poster could hold, and says so", () => {
    const text = setTitle("word ".repeat(60), "Anton", "capitals", BOX)
      .lines.map((line) => line.text)
      .join(" ");
    expect(text.endsWith("…")).toBe(true);
  });
});
