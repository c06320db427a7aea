/** What one capital of the credits' type takes at most on average, with the space after it. */
const CAPITAL = 5.8;
const MOST_GENRES = 2;

/** Genres in capitals, as many as fit into a width; a single one that does not is cut, and says so. */
export function caption(genres: readonly string[], width: number): string {
  const room = Math.floor(width / CAPITAL);
  const named = genres.map((genre) => genre.toLocaleUpperCase("en"));
  for (let count = MOST_GENRES; count > 0; count--) {
    const words = named.slice(0, count).join(" / ");
    if (Array.from(words).length <= room) return words;
  }
  return `${Array.from(named[0] ?? "").slice(0, room - 1).join("").trimEnd()}…`;
}
