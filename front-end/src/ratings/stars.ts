/** The scale on which people rate, and the ways to move along it. */
export const LOWEST = 0.5;
export const HIGHEST = 5;
export const STEP = 0.5;

export function clampStars(value: number): number {
  return Math.min(HIGHEST, Math.max(LOWEST, Math.round(value / STEP) * STEP));
}

export function starsText(value: number): string {
  return value === 1 ? "1 star" : `${value} stars`;
}

/** The value that a key asks for, or null where the key means nothing here. An unrated item starts below the scale. */
export function valueForKey(key: string, value: number | null): number | null {
  const now = value ?? 0;
  switch (key) {
    case "ArrowRight":
    case "ArrowUp":
      return clampStars(now + STEP);
    case "ArrowLeft":
    case "ArrowDown":
      return clampStars(now - STEP);
    case "PageUp":
      return clampStars(now + 1);
    case "PageDown":
      return clampStars(now - 1);
    case "Home":
      return LOWEST;
    case "End":
      return HIGHEST;
    default:
      return /^[1-5]$/u.test(key) ? Number(key) : null;
  }
}

/**
 * The value under a pointer at `share` of the row of stars. Most of a star gives the whole star, its first third the
 * half, so that a tap in the middle of the fourth star means four.
 */
export function valueAt(share: number): number {
  const position = Math.min(Math.max(share, 0), 0.9999) * HIGHEST;
  const star = Math.floor(position);
  return position - star < 1 / 3 ? star + 0.5 : star + 1;
}
