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

type Figures = ModelVersion["metrics"];

/** A figure, or null where the evaluation has none (no such people in the test, say). */
export function figure(version: { metrics: Figures }, group: Group, { key }: { key: string }): number | null {
  return numberAt(version.metrics, group, key);
}

/** The same figure of the baselines that were judged beside the version. */
export function baseline(version: { metrics: Figures }, group: Group, { key }: { key: string }): number | null {
  return numberAt(version.metrics, "baselines", group, key);
}

/** The share of ratings that lay within the intervals around their predicted stars. */
export function intervalCoverage(version: { metrics: Figures }, group: Group): number | null {
  return numberAt(version.metrics, group, "coverage90");
}

/** The share that the intervals are made for; null where the version has none. */
export function statedCoverage({ hyperparameters }: { hyperparameters: Figures }): number | null {
  return numberAt(hyperparameters, "intervals", "coverage");
}

function numberAt(values: unknown, ...path: string[]): number | null {
  let found = values;
  for (const name of path) {
    if (typeof found !== "object" || found === null || Array.isArray(found)) return null;
    found = Object.entries(found).find(([key]) => key === name)?.[1];
  }
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

export function figureText(value: number | null): string {
  return value === null ? "–" : value.toFixed(3);
}

export function shareText(value: number | null): string {
  return value === null ? "–" : `${(100 * value).toFixed(1)} %`;
}
