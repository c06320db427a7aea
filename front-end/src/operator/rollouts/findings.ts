/** What the judge found, in words and as an interval in margins. */
import { signedText } from "../figures";
import type { Tone } from "./IntervalPlot";
import { inMargins, type Span } from "./span";

export type Verdict = "better" | "not worse" | "worse" | "inconclusive";

/** One metric of a rollout, as the judge left it. */
export interface Finding {
  metric: string;
  verdict: Verdict;
  estimate: number | null;
  low: number | null;
  high: number | null;
  relative: number | null;
  relative_low: number | null;
  relative_high: number | null;
  champion: number | null;
  challenger: number | null;
  people_champion: number;
  people_challenger: number;
  observations: number;
  level: number;
  margin: number;
  reason: string;
}

interface Measure {
  name: string;
  /** What one of its observations is. */
  counts: string;
  unit: "share" | "stars" | "ms";
  better: "higher" | "lower";
  /** The margin is a share of the champion's figure. */
  relative: boolean;
}

const MEASURES: Record<string, Measure> = {
  positive: { name: "Positive answers", counts: "lists", unit: "share", better: "higher", relative: true },
  early: { name: "Answers within seconds", counts: "lists", unit: "share", better: "higher", relative: true },
  stars: { name: "Stars given", counts: "ratings", unit: "stars", better: "higher", relative: false },
  error: { name: "Error of predicted stars", counts: "ratings", unit: "stars", better: "lower", relative: false },
  errors: { name: "Lists that failed", counts: "lists", unit: "share", better: "lower", relative: false },
  latency: { name: "Time to make a list", counts: "lists", unit: "ms", better: "lower", relative: true },
  empty: { name: "Empty lists", counts: "lists", unit: "share", better: "lower", relative: false },
  fallback: { name: "Lists from the fallback", counts: "lists", unit: "share", better: "lower", relative: false },
};

export function measure(metric: string): Measure {
  return MEASURES[metric] ?? { name: metric, counts: "observations", unit: "stars", better: "higher", relative: false };
}

/** The interval to draw; null where nothing has been observed. */
export function spanOf(finding: Finding): Span | null {
  const { better, relative } = measure(finding.metric);
  const estimate = relative ? finding.relative : finding.estimate;
  if (estimate === null) return null;
  const [low, high] = relative ? [finding.relative_low, finding.relative_high] : [finding.low, finding.high];
  return inMargins({ estimate, low, high }, finding.margin, better);
}

const TONES: Record<Verdict, Tone> = { better: "good", "not worse": "plain", worse: "bad", inconclusive: "open" };

export function toneOf(verdict: Verdict): Tone {
  return TONES[verdict];
}

/** A variant's own figure: "4.2 %", "3.61", "1.4 ms". */
export function rateText(metric: string, value: number | null): string {
  return value === null ? "–" : inUnit(value, measure(metric).unit);
}

/** The difference with its sign: of a relative metric in hundredths of the champion's figure, of shares in points. */
export function differenceText({ metric, estimate, relative }: Finding): string {
  const kind = measure(metric);
  const value = kind.relative ? relative : estimate;
  return value === null ? "–" : `${signed(kind, value)} ${unitOf(kind)}`;
}

/** "−4.0 to +11.0 %"; a side may be open. */
export function intervalText(finding: Finding): string {
  const kind = measure(finding.metric);
  if ((kind.relative ? finding.relative : finding.estimate) === null) return "–";
  const [low, high] = kind.relative ? [finding.relative_low, finding.relative_high] : [finding.low, finding.high];
  if (low === null && high === null) return "no bounds yet";
  if (low === null) return `up to ${signed(kind, high ?? 0)} ${unitOf(kind)}`;
  return high === null
    ? `from ${signed(kind, low)} ${unitOf(kind)}`
    : `${signed(kind, low)} to ${signed(kind, high)} ${unitOf(kind)}`;
}

/** How much worse it may be, as the difference at which harm begins: "−10 %", "+0.05 stars". */
export function marginText({ metric, margin }: Finding): string {
  const kind = measure(metric);
  const value = kind.better === "higher" ? -margin : margin;
  const size = Number((scaled(kind) * Math.abs(value)).toPrecision(3));
  return `${value < 0 ? "−" : "+"}${size} ${unitOf(kind)}`;
}

const MEANINGS: Record<Verdict, string> = {
  better: "The whole interval is on the better side of even.",
  "not worse": "The whole interval is on the good side of the margin.",
  worse: "The whole interval is on the bad side.",
  inconclusive: "Not decided yet: the interval lies across a bound.",
};
const BEYOND = "The whole interval is beyond the margin.";

/** The verdict in one sentence, for those who do not see the picture and those who want to be sure. */
export function meaning(finding: Finding): string {
  if (spanOf(finding) === null) return "Nothing to compare by has been observed yet.";
  if (finding.verdict === "inconclusive") return tooFew(finding) ?? MEANINGS.inconclusive;
  if (finding.verdict === "worse" && finding.reason.includes("beyond the margin")) return BEYOND;
  return MEANINGS[finding.verdict];
}

/** Where the judge says that people are lacking, its own words: only it knows how many it wants. */
function tooFew({ reason }: Finding): string | null {
  return /\bpeople\b/.test(reason) ? sentence(reason.replace(/^\w+: /, "")) : null;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function signed(kind: Measure, value: number): string {
  const size = scaled(kind) * value;
  return signedText(size, kind.relative || kind.unit === "share" ? digits(Math.abs(size)) : 3);
}

/** Relative differences are in hundredths of the champion's figure, those of shares in points. */
function unitOf({ unit, relative }: Measure): string {
  if (relative) return "%";
  return { share: "points", stars: "stars", ms: "ms" }[unit];
}

function scaled({ unit, relative }: Measure): number {
  return relative || unit === "share" ? 100 : 1;
}

function inUnit(value: number, unit: Measure["unit"]): string {
  switch (unit) {
    case "share":
      return `${(100 * value).toFixed(digits(100 * value))} %`;
    case "stars":
      return value.toFixed(2);
    case "ms":
      return `${value.toFixed(2)} ms`;
  }
}

/** As many as small shares need. */
function digits(hundredths: number): number {
  return hundredths !== 0 && hundredths < 1 ? 2 : 1;
}
