/** Titles as people say them. Catalogues file "Godfather, The"; a cinema announces "The Godfather". */

export interface SpokenTitle {
  main: string;
  /** What stood in brackets after the title: the original, or an older name. */
  alternative: string | null;
}

const ARTICLES = "The|An|A|Les|Le|La|L'|Los|Las|El|Das|Der|Die|Il|Lo|Gli|Une|Un|Det|Den|De|Het|O|Os";
const FILED = new RegExp(`^(.+), (${ARTICLES})$`, "u");
const BRACKETED = /^(.+?)\s*\(([^()]+)\)$/u;

export function spokenTitle(title: string, year: number | null = null): SpokenTitle {
  const suffix = year === null ? "" : ` (${year})`;
  const bare = suffix !== "" && title.endsWith(suffix) ? title.slice(0, -suffix.length) : title;
  const [, main = bare.trim(), alternative = null] = BRACKETED.exec(bare.trim()) ?? [];
  return { main: inSpokenOrder(main), alternative: alternative === null ? null : inSpokenOrder(alternative) };
}

function inSpokenOrder(title: string): string {
  const filed = FILED.exec(title);
  if (!filed) return title;
  const [, rest = "", article = ""] = filed;
  return article.endsWith("'") ? `${article}${rest}` : `${article} ${rest}`;
}
