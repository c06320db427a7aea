// Writes src/poster/metrics.json: the cap height, descent and advance widths (in 1/1000 em) of each display face.
// Posters are laid out from this table, so that they are right before a font has loaded and the same on every machine.
import { openSync } from "fontkit";
import { writeFileSync } from "node:fs";

const FACES = {
  "Abril Fatface": "@fontsource/abril-fatface/files/abril-fatface-latin-400-normal.woff2",
  "Alfa Slab One": "@fontsource/alfa-slab-one/files/alfa-slab-one-latin-400-normal.woff2",
  Anton: "@fontsource/anton/files/anton-latin-400-normal.woff2",
  Bungee: "@fontsource/bungee/files/bungee-latin-400-normal.woff2",
  "League Gothic": "@fontsource/league-gothic/files/league-gothic-latin-400-normal.woff2",
  Limelight: "@fontsource/limelight/files/limelight-latin-400-normal.woff2",
  "Pirata One": "@fontsource/pirata-one/files/pirata-one-latin-400-normal.woff2",
  "Playfair Display": "@fontsource/playfair-display/files/playfair-display-latin-900-italic.woff2",
  Righteous: "@fontsource/righteous/files/righteous-latin-400-normal.woff2",
  "Saira Stencil One": "@fontsource/saira-stencil-one/files/saira-stencil-one-latin-400-normal.woff2",
};

const CHARACTERS = [
  ...Array.from({ length: 0x7f - 0x20 }, (_, i) => 0x20 + i),
  ...Array.from({ length: 0x100 - 0xa1 }, (_, i) => 0xa1 + i),
  0x2013,
  0x2014,
  0x2019,
  0x2026,
];

function measure(path) {
  const font = openSync(new URL(`../node_modules/${path}`, import.meta.url).pathname);
  const scale = 1000 / font.unitsPerEm;
  const advances = {};
  for (const code of CHARACTERS) {
    if (font.hasGlyphForCodePoint(code)) {
      advances[String.fromCodePoint(code)] = Math.round(font.glyphForCodePoint(code).advanceWidth * scale);
    }
  }
  const extent = (letter) => font.glyphForCodePoint(letter.codePointAt(0)).bbox;
  return {
    cap: Math.round(extent("H").maxY * scale),
    ascent: Math.round(extent("l").maxY * scale),
    descent: Math.round(-extent("p").minY * scale),
    advances,
  };
}

const table = Object.fromEntries(Object.entries(FACES).map(([name, path]) => [name, measure(path)]));
const target = new URL("../src/poster/metrics.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(table, null, 1).replace(/\n {3,}/g, " ")}\n`);
