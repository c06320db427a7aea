import { memo } from "react";

import { caption } from "./caption";
import { styleFor, type GenreStyle } from "./genres";
import { setTitle, type SetTitle, type TypeBox } from "./layout";
import type { Palette } from "./motifs/motif";
import { seededRandom } from "./random";

const WIDTH = 200;
const HEIGHT = 300;
const MARGIN = 14;
const CREDITS = 22;
const YEAR = 32; // the room that four figures take, and a gap
const TYPE: TypeBox = { width: WIDTH - 2 * MARGIN, maxHeight: 168, idealHeight: 118, maxSize: 118, gap: 8 };

interface PosterProps {
  /** What the picture grows from: the same id gives the same poster. */
  id: string;
  title: string;
  year: number | null;
  genres: readonly string[];
}

/**
 * A typographic poster, drawn from the title, year and genres alone. It is decoration: whoever shows it names the
 * title in text beside it.
 */
export const Poster = memo(function Poster({ id, title, year, genres }: PosterProps) {
  const style = styleFor(genres);
  const random = seededRandom(`${id}·${title}`);
  const palette = random.pick(style.palettes);
  const set = setTitle(title || "Untitled", style.face, style.letters, TYPE);
  const titleFirst = random.chance(0.3);
  const band = set.height + 2 * MARGIN + CREDITS - 8;
  const picture = { width: WIDTH, height: HEIGHT - band, palette, random };
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false" preserveAspectRatio="xMidYMid slice">
      <rect width={WIDTH} height={HEIGHT} fill={palette.ground} />
      <svg y={titleFirst ? band : 0} width={WIDTH} height={picture.height} overflow="hidden">
        {random.pick(style.motifs)(picture)}
      </svg>
      <g transform={`translate(${MARGIN} ${titleFirst ? MARGIN + 2 : HEIGHT - band + MARGIN})`}>
        <Title set={set} style={style} palette={palette} />
        <Credits top={set.height + CREDITS - 5} year={year} genres={genres} ink={palette.ink} />
      </g>
    </svg>
  );
});

/** The lines of a title, each standing on its rail as letters do on a cinema's board. */
function Title({ set, style, palette }: { set: SetTitle; style: GenreStyle; palette: Palette }) {
  return set.lines.map((line, i) => (
    <g key={i}>
      <text
        y={line.baseline}
        fontFamily={`"${style.face}", sans-serif`}
        fontSize={line.size}
        fontStyle={style.face === "Playfair Display" ? "italic" : undefined}
        fontWeight={style.face === "Playfair Display" ? 900 : 400}
        fill={palette.ink}
        textLength={line.width}
        lengthAdjust="spacingAndGlyphs"
      >
        {line.text}
      </text>
      {style.letters === "capitals" && (
        <rect y={line.baseline + 2.6} width={TYPE.width} height={0.8} fill={palette.ink} opacity={0.55} />
      )}
    </g>
  ));
}

interface CreditsProps {
  top: number;
  year: number | null;
  genres: readonly string[];
  ink: string;
}

function Credits({ top, year, genres, ink }: CreditsProps) {
  const words = caption(genres, TYPE.width - (year === null ? 0 : YEAR));
  const type = { fontFamily: '"Archivo Variable", sans-serif', fontSize: 7.6, fontWeight: 650, letterSpacing: 0.7 };
  return (
    <g {...type} fill={ink}>
      <text y={top}>{year}</text>
      <text x={TYPE.width} y={top} textAnchor="end">
        {words}
      </text>
    </g>
  );
}
