/** A version's figures, read out of the JSON that its evaluation left. */
import type { ModelVersion } from "../api/types";

export const GROUPS = ["known", "new"] as const;
export type Group = (typeof GROUPS)[number];

export const GROUP_NAMES: Record<Group, string> = { known: "Known users", new: "New users" };

export const METRICS = [
  { key: "rmse", name: "RMSE", better: "lower" },
  { key: "mae", name: "MAE", better: "lower" },
  { key: "ndcg", name: "nDCG@10", better: "higher" },
  { key: "precision", name: "Precision@10", better: "higher" },
  { key: "recall", name: "Recall@10", better: "higher" },
] as const;

export type Metric = (typeof METRICS)[number];

/** A figure, or null where the evaluation has none (no such people in the test, say). */
export function figure(version: ModelVersion, group: Group, metric: Metric): number | null {
  const figures = version.metrics[group];
  if (typeof figures !== "object" || figures === null || Array.isArray(figures)) return null;
  const value: unknown = Object.entries(figures).find(([name]) => name === metric.key)?.[1];
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function figureText(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}
