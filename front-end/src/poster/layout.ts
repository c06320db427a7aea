/**
 * Setting a title as wood type: broken into lines, each as large as the measure allows, like the letters on a
 * cinema's board. Every way of breaking a title of up to ten words is tried and the best-looking kept.
 */
import { face, textWidth, type FaceName } from "./faces";

export interface TypeBox {
  /** The measure that every line tries to fill. */
  width: number;
  maxHeight: number;
  /** The height at which a title looks its best. */
  idealHeight: number;
  maxSize: number;
  /** Between the foot of a line and the head of the next; the rail runs in it. */
  gap: number;
}

export interface SetLine {
  text: string;
  size: number;
  /** From the top of the block. */
  baseline: number;
  width: number;
}

export interface SetTitle {
  lines: SetLine[];
  height: number;
}

export type LetterCase = "capitals" | "mixed";

const MOST_PIECES = 10;
const MOST_CHARACTERS = 90;
const SMALLEST_GOOD_SIZE = 15;
/** Lines of these words alone are set small: nobody comes to see THE. */
const SMALL_WORDS = /^(?:the|a|an|of|and|in|on|to|for|with|from|at|by|or|la|le|el|il|der|das|[&\s])+$/iu;
const SMALL_WORD_SIZE = 24;
/** Capitals with a tail below the line; what an em of them hangs down. */
const TAILED = /[QÇŞŢ@]/u;
const TAIL = 0.2;
/** A colon in the middle of a line, or a small word left hanging at its end. */
const BREAK_MISSED = /[:;] |\S (?:the|a|an|of|and|in|on|to|for|with|from|at|by|or)$/iu;

/** Sets a title into a box. The block may be lower than the box, never higher. */
export function setTitle(title: string, name: FaceName, letters: LetterCase, box: TypeBox): SetTitle {
  const pieces = toPieces(letters === "capitals" ? title.toLocaleUpperCase("en") : title);
  let best: { lines: string[]; cost: number } | null = null;
  for (let mask = 0; mask < 1 << (pieces.length - 1); mask++) {
    const lines = breakAt(pieces, mask);
    const cost = costOf(lines, name, letters, box);
    if (best === null || cost < best.cost) best = { lines, cost };
  }
  return place(best?.lines ?? pieces, name, letters, box);
}

/** Words, the shortest neighbours joined until there are few enough to try every break. */
function toPieces(title: string): string[] {
  const characters = Array.from(title.trim().replaceAll("'", "’"));
  const cut = characters.slice(0, MOST_CHARACTERS).join("").trimEnd();
  const pieces = (characters.length > MOST_CHARACTERS ? `${cut}…` : cut).split(/\s+/u);
  while (pieces.length > MOST_PIECES) {
    const at = shortestPair(pieces);
    pieces.splice(at, 2, `${pieces[at] ?? ""} ${pieces[at + 1] ?? ""}`);
  }
  return pieces;
}

function shortestPair(pieces: string[]): number {
  const lengths = pieces.slice(1).map((piece, i) => piece.length + (pieces[i]?.length ?? 0));
  return lengths.indexOf(Math.min(...lengths));
}

/** Bit i of the mask says that a line ends after piece i. */
function breakAt(pieces: string[], mask: number): string[] {
  const lines: string[] = [];
  let line = "";
  pieces.forEach((piece, i) => {
    line = line === "" ? piece : `${line} ${piece}`;
    if (i === pieces.length - 1 || (mask >> i) & 1) {
      lines.push(line);
      line = "";
    }
  });
  return lines;
}

function sizesOf(lines: string[], name: FaceName, box: TypeBox): number[] {
  return lines.map((line) => {
    const limit = isSmall(line, lines) ? SMALL_WORD_SIZE : box.maxSize;
    return Math.min(limit, box.width / Math.max(textWidth(name, line), 0.01));
  });
}

function isSmall(line: string, lines: string[]): boolean {
  return lines.length > 1 && SMALL_WORDS.test(line);
}

/** What a line reaches above and below its foot, in em. */
function reach(line: string, name: FaceName, letters: LetterCase): [above: number, below: number] {
  const { cap, ascent, descent } = face(name);
  if (letters === "mixed") return [ascent, descent];
  return [cap, TAILED.test(line) ? Math.min(TAIL, descent) : 0];
}

function heightOf(lines: string[], sizes: number[], name: FaceName, letters: LetterCase, gap: number): number {
  const heights = lines.map((line, i) => {
    const [above, below] = reach(line, name, letters);
    return (sizes[i] ?? 0) * (above + below);
  });
  return heights.reduce((sum, height) => sum + height, 0) + gap * (lines.length - 1);
}

/** Lower is better: near the ideal height, readable, no line much louder than the rest, breaks where breath is drawn. */
function costOf(lines: string[], name: FaceName, letters: LetterCase, box: TypeBox): number {
  const sizes = sizesOf(lines, name, box);
  const height = heightOf(lines, sizes, name, letters, box.gap);
  const logs = sizes.map(Math.log);
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const spread = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length);
  const tooHigh = Math.max(0, height - box.maxHeight);
  const tooSmall = Math.max(0, SMALLEST_GOOD_SIZE - Math.min(...sizes)) / SMALLEST_GOOD_SIZE;
  return Math.abs(height - box.idealHeight) / box.idealHeight + 0.45 * spread + awkwardness(lines) + 2 * tooSmall + tooHigh;
}

/** What breath would not do: small words on lines of their own, one line of them after another, missed breaks. */
function awkwardness(lines: string[]): number {
  const small = lines.map((line) => isSmall(line, lines));
  const count = (wrong: (line: string, i: number) => boolean) => lines.filter(wrong).length;
  const alone = count((_, i) => small[i] === true);
  const inARow = count((_, i) => small[i] === true && small[i + 1] === true);
  const missed = count((line) => BREAK_MISSED.test(line));
  return 0.12 * alone + 0.3 * inARow + 0.2 * missed;
}

function place(lines: string[], name: FaceName, letters: LetterCase, box: TypeBox): SetTitle {
  const sizes = sizesOf(lines, name, box);
  // A single unbreakable line can still be too high: everything shrinks together.
  const shrink = Math.min(1, box.maxHeight / heightOf(lines, sizes, name, letters, box.gap));
  let top = 0;
  const placed = lines.map((text, i) => {
    const size = (sizes[i] ?? box.maxSize) * shrink;
    const [above, below] = reach(text, name, letters);
    const baseline = top + size * above;
    top = baseline + size * below + box.gap * shrink;
    return { text, size, baseline, width: size * textWidth(name, text) };
  });
  return { lines: placed, height: top - box.gap * shrink };
}
