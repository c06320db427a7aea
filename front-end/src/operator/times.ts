/** Times and durations in words. */

export function momentText(when: string): string {
  return new Date(when).toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
}

export function durationText(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60);
  if (minutes < 60) return `${minutes} min ${rest} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "1 Mar, 10:06": a moment of late. */
export function clockText(when: string): string {
  return new Date(when).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}

/** A length of time as it is planned: "30 s", "5 min", "7 days". */
export function spanText(seconds: number): string {
  const units: [number, string, string][] = [
    [86_400, "day", "days"],
    [3600, "h", "h"],
    [60, "min", "min"],
  ];
  const unit = units.find(([size]) => seconds >= size && (seconds / size) % 0.5 === 0) ?? ([1, "s", "s"] as const);
  const number = Number((seconds / unit[0]).toFixed(1));
  return `${number} ${number === 1 ? unit[1] : unit[2]}`;
}
