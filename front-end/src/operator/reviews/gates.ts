/** A version's gates, read out of the JSON that its training left. */
import { asNumber, asObjects, asText, type JsonObject } from "../json";
import { inMargins, type Span } from "../rollouts/span";

export interface Gate {
  name: string;
  kind: string;
  passed: boolean;
  /** Without figures nothing was judged; that does not pass. */
  judged: boolean;
  candidate: number | null;
  rival: number | null;
  /** Whom the rival's figure is of. */
  than: string;
  margin: number | null;
  low: number | null;
  high: number | null;
  people: number | null;
  reason: string;
  groups: Group[];
}

/** People of one kind, in a gate of slices. */
export interface Group {
  name: string;
  people: number;
  difference: number | null;
  low: number | null;
  high: number | null;
  outcome: string;
}

const LOWER_IS_BETTER = ["rmse", "mae"];

/** Versions of earlier releases have fewer fields, and the champion in place of a rival. */
export function readGates(gates: readonly JsonObject[]): Gate[] {
  return gates.map((gate) => ({
    name: asText(gate.name),
    kind: asText(gate.kind ?? "quality"),
    passed: gate.passed === true,
    judged: gate.judged !== false,
    candidate: asNumber(gate.candidate),
    rival: asNumber(gate.rival ?? gate.champion),
    than: asText(gate.than ?? "champion"),
    margin: asNumber(gate.margin),
    low: asNumber(gate.low),
    high: asNumber(gate.high),
    people: asNumber(gate.people),
    reason: asText(gate.reason),
    groups: asObjects(gate.groups).map(readGroup),
  }));
}

function readGroup(group: JsonObject): Group {
  return {
    name: asText(group.name),
    people: asNumber(group.people) ?? 0,
    difference: asNumber(group.difference),
    low: asNumber(group.low),
    high: asNumber(group.high),
    outcome: asText(group.outcome),
  };
}

export function betterOf(name: string): "higher" | "lower" {
  return LOWER_IS_BETTER.some((metric) => name.endsWith(metric)) ? "lower" : "higher";
}

/** The interval of candidate − rival; null where there is none. */
export function gateSpan({ name, candidate, rival, margin, low, high }: Gate): Span | null {
  if (candidate === null || rival === null || (low === null && high === null)) return null;
  return inMargins({ estimate: candidate - rival, low, high }, margin ?? 0, betterOf(name));
}

export function groupSpan(gate: Gate, { difference, low, high }: Group): Span | null {
  if (difference === null || (low === null && high === null)) return null;
  return inMargins({ estimate: difference, low, high }, gate.margin ?? 0, betterOf(gate.name));
}

/** Of a limit: how much of what is allowed is used; null for what is no limit. */
export function usedOf({ kind, than, candidate, rival, margin }: Gate): number | null {
  if (kind === "quality" || kind === "slices" || candidate === null || margin === null || margin <= 0) return null;
  if (than === "") return candidate / margin;
  return rival === null || rival <= 0 ? null : candidate / (rival * margin);
}

const KINDS: Record<string, string> = {
  "quality beside champion": "Quality, beside the champion",
  "quality beside baselines": "Quality, beside the baselines",
  slices: "Groups of people, beside the champion",
  cost: "Cost",
  data: "Data",
  integrity: "The finished bundle",
};

/** Gates under headings, in the order in which they were judged; quality apart by whom it is compared with. */
export function byKind(gates: readonly Gate[]): [string, Gate[]][] {
  const kindOf = ({ kind, than }: Gate) => (kind === "quality" ? `${kind} beside ${than}` : kind);
  const kinds = [...new Set(gates.map(kindOf))];
  return kinds.map((kind) => [KINDS[kind] ?? kind, gates.filter((gate) => kindOf(gate) === kind)]);
}

/** "baselines.known.rmse" → "RMSE of known users"; what is compared with stands in the heading. */
export function gateName(name: string): string {
  const parts = name.replace(/^baselines\./, "").split(".");
  const [group = "", metric = "", by = ""] = parts;
  const people = { known: "known users", new: "new users" }[group];
  if (people !== undefined) return `${METRIC_NAMES[metric] ?? metric} of ${people}`;
  if (group === "slices") return `${METRIC_NAMES[by] ?? by} by ${metric}`;
  return OTHER_NAMES[name] ?? name;
}

const METRIC_NAMES: Record<string, string> = {
  rmse: "RMSE",
  mae: "MAE",
  ndcg: "nDCG",
  precision: "Precision",
  recall: "Recall",
};

const OTHER_NAMES: Record<string, string> = {
  "cost.slower": "Time of a list, beside the champion",
  "cost.list_p95_ms": "Time of a list",
  "cost.bundle_mb": "Size of the bundle",
  "cost.training_seconds": "Time of the training",
  "data.quality": "Checks of the data",
  "integrity.bundle": "Hashes, and lists it makes",
};

/** Signed, with as many digits as figures of this kind have. */
export function gainText(value: number | null): string {
  if (value === null) return "–";
  const digits = Math.abs(value).toFixed(4);
  return Number(digits) === 0 ? digits : `${value < 0 ? "−" : "+"}${digits}`;
}
