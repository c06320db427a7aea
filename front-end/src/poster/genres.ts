/** How each genre looks: its letters, its inks, its pictures. */
import type { FaceName } from "./faces";
import type { LetterCase } from "./layout";
import { blinds, bulbs, moon, orbits, rays, spotlights } from "./motifs/light";
import { equaliser, eye, halftone, keyhole, spiral, whorl } from "./motifs/lines";
import type { Motif, Palette } from "./motifs/motif";
import { mesa, ridges, stairs, waves, windows } from "./motifs/places";
import { chevrons, curtain, halves, scallops, smile, teeth, tiles, venn } from "./motifs/shapes";
import { hash } from "./random";

export interface GenreStyle {
  face: FaceName;
  letters: LetterCase;
  palettes: readonly [Palette, ...Palette[]];
  motifs: readonly [Motif, ...Motif[]];
}

const inks = (ground: string, ink: string, one: string, two: string): Palette => ({ ground, ink, one, two });

/** In order of character: of a title's genres, the one that comes first here makes its poster. */
const STYLES = {
  "Film-Noir": {
    face: "League Gothic",
    letters: "capitals",
    palettes: [inks("#101114", "#f3f0e6", "#33363d", "#f3f0e6"), inks("#191a1d", "#f2e3b6", "#43423e", "#f2d98a")],
    motifs: [blinds],
  },
  "Sci-Fi": {
    face: "Righteous",
    letters: "capitals",
    palettes: [inks("#0b1b3f", "#dff6ff", "#1b8fb0", "#ff7a3d"), inks("#06262d", "#d8fff2", "#138078", "#f2c53d"), inks("#241242", "#f0e4ff", "#6a48c9", "#ff5f8f")],
    motifs: [orbits, halftone, orbits, moon, rays],
  },
  Western: {
    face: "Alfa Slab One",
    letters: "capitals",
    palettes: [inks("#ecbf7f", "#4b1c12", "#c9652f", "#f4e1b4"), inks("#3f1a12", "#f6d9a2", "#8c3b1e", "#e58a3a")],
    motifs: [mesa, rays],
  },
  Musical: {
    face: "Limelight",
    letters: "capitals",
    palettes: [inks("#5d0f3a", "#ffd98f", "#9c1c57", "#f08a4b"), inks("#14304f", "#ffdf9e", "#1f5687", "#e9a63a")],
    motifs: [spotlights, scallops, equaliser],
  },
  War: {
    face: "Saira Stencil One",
    letters: "capitals",
    palettes: [inks("#585d35", "#f5edd4", "#3c4124", "#d2652d"), inks("#d8c9a1", "#33361f", "#a39a6b", "#b5482a")],
    motifs: [chevrons, rays],
  },
  Horror: {
    face: "Pirata One",
    letters: "mixed",
    palettes: [inks("#120c0e", "#efe6d6", "#8e0f1a", "#e9d9b0"), inks("#8e0f1a", "#fdf1dc", "#16090b", "#f0c9a0")],
    motifs: [teeth, eye, moon, keyhole],
  },
  Fantasy: {
    face: "Limelight",
    letters: "capitals",
    palettes: [inks("#33195a", "#ffe6ad", "#57308f", "#f4b94a"), inks("#0f3d4a", "#fdeec6", "#1b6577", "#f1a35a")],
    motifs: [moon, waves],
  },
  Animation: {
    face: "Bungee",
    letters: "capitals",
    palettes: [inks("#2650d8", "#fff3d6", "#ffc229", "#ff6548"), inks("#0f7a68", "#fff5d9", "#ffc94a", "#f2583e"), inks("#ffcb3d", "#3a1560", "#f2542d", "#2f7de1")],
    motifs: [tiles, smile],
  },
  "Children's": {
    face: "Bungee",
    letters: "capitals",
    palettes: [inks("#ffd24a", "#16305c", "#ee5a36", "#2f86d6"), inks("#e8503a", "#fff2d4", "#ffc93c", "#27346b"), inks("#39a6c9", "#10264a", "#fff0c9", "#f2603c")],
    motifs: [tiles, scallops, smile],
  },
  Mystery: {
    face: "Abril Fatface",
    letters: "capitals",
    palettes: [inks("#123b3a", "#eff4de", "#1e6660", "#e6b63f"), inks("#2b1d3d", "#f7e8f0", "#543a75", "#e5a03c")],
    motifs: [keyhole, eye, whorl],
  },
  Documentary: {
    face: "Anton",
    letters: "capitals",
    palettes: [inks("#e7e4dc", "#15171c", "#15171c", "#e0402a"), inks("#e0402a", "#fff7ea", "#15171c", "#f4b39c"), inks("#f2c230", "#15171c", "#15171c", "#fff3cf")],
    motifs: [halftone, windows, equaliser, ridges],
  },
  Romance: {
    face: "Playfair Display",
    letters: "mixed",
    palettes: [inks("#f8cbc4", "#6c0f2e", "#e9526f", "#f4925f"), inks("#6c0f2e", "#ffdfd3", "#c42d55", "#f08a6a"), inks("#f6e2c4", "#7a1838", "#e58a72", "#d8496a")],
    motifs: [venn, halves, waves],
  },
  Crime: {
    face: "League Gothic",
    letters: "capitals",
    palettes: [inks("#18282d", "#f3ead6", "#3f5b63", "#d8502f"), inks("#c9c3b2", "#1d2326", "#8d9189", "#b3261e"), inks("#3a0f16", "#f7e3c8", "#7d2029", "#f0b23e")],
    motifs: [whorl, windows, blinds],
  },
  Adventure: {
    face: "Alfa Slab One",
    letters: "capitals",
    palettes: [inks("#f4b04a", "#3a1626", "#dd6a33", "#96303a"), inks("#bfe3dc", "#143a45", "#4aa3a0", "#1f6f7d"), inks("#1d4a5e", "#fbe3b0", "#2f7a86", "#e07b3c")],
    motifs: [ridges, waves],
  },
  Thriller: {
    face: "Anton",
    letters: "capitals",
    palettes: [inks("#ee4e23", "#17110e", "#17110e", "#fff1dc"), inks("#17181d", "#fbf0dc", "#c9352a", "#fbf0dc"), inks("#f3ead7", "#18130f", "#d23a26", "#18130f")],
    motifs: [spiral, stairs],
  },
  Action: {
    face: "Anton",
    letters: "capitals",
    palettes: [inks("#c81f26", "#fff3db", "#8c1019", "#ffb628"), inks("#ffb628", "#1b1410", "#e2691e", "#c81f26"), inks("#1c2030", "#ffe9c4", "#c81f26", "#ffb628")],
    motifs: [rays, chevrons],
  },
  Comedy: {
    face: "Alfa Slab One",
    letters: "capitals",
    palettes: [inks("#ffcf3a", "#27154a", "#f0593a", "#fff4d6"), inks("#f26b43", "#2a0f2e", "#ffd25c", "#fff0d6"), inks("#8fd0c4", "#1c2a4d", "#f25c3f", "#fff2cf"), inks("#f7a8b8", "#4b1033", "#fff0dc", "#d8365f")],
    motifs: [smile, scallops, tiles],
  },
  Drama: {
    face: "Abril Fatface",
    letters: "capitals",
    palettes: [inks("#22304f", "#f8e8d0", "#c85c45", "#edb27e"), inks("#ead9c0", "#2b1c22", "#b9543c", "#3d5a6c"), inks("#46202f", "#fbe2cc", "#93394a", "#e9a15b"), inks("#2f4a3f", "#f4ead2", "#5f8670", "#e2a24c")],
    motifs: [halves, curtain, windows, stairs, waves, venn],
  },
} as const satisfies Record<string, GenreStyle>;

const ORDER: [string, GenreStyle][] = Object.entries(STYLES);

const HOUSE_STYLE: GenreStyle = {
  face: "League Gothic",
  letters: "capitals",
  palettes: [inks("#8f1019", "#fff6dc", "#6b0a12", "#ffd36e")],
  motifs: [bulbs],
};

/** The style of a title's most telling genre; a genre unknown here borrows one, always the same. */
export function styleFor(genres: readonly string[]): GenreStyle {
  const known = ORDER.find(([name]) => genres.includes(name));
  if (known) return known[1];
  const [first] = genres.filter((genre) => genre !== "" && genre !== "unknown");
  if (first === undefined) return HOUSE_STYLE;
  return ORDER[hash(first) % ORDER.length]?.[1] ?? HOUSE_STYLE;
}
