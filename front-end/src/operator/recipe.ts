/** What a version is made of, in the words that people use for it. */
import type { ModelVersion } from "../api/types";

const NAMES: Record<string, string> = {
  svd: "SVD",
  "bayes-svdpp": "Bayesian SVD++",
  biases: "Biases",
  ease: "EASE",
  ials: "iALS",
  "item-knn": "Item neighbours",
  content: "Content",
  vae: "Variational autoencoder",
  popularity: "Popularity",
  blend: "Blend",
};

const WAYS: Record<string, string> = {
  svd: "factors of people and items, by gradient descent",
  "bayes-svdpp": "factors with what was rated beside how, by Gibbs sampling",
  biases: "averages of people and items",
  ease: "weights between items, in closed form",
  ials: "factors of what was rated, by least squares",
  "item-knn": "items rated by the same people",
  content: "genres, years and words of titles",
  vae: "a neural network",
  popularity: "what most people rate",
  blend: "a weighted sum of models",
};

/** By role: what the part of a bundle does. */
export const ROLES: Record<string, string> = {
  rating: "Predicts the stars",
  ranking: "Orders the lists",
  intervals: "Intervals around the stars",
};

/** The name of an algorithm that people know; the program's own where a later release has brought another. */
export function algorithmName(algorithm: string): string {
  return NAMES[algorithm] ?? algorithm;
}

export function algorithmText(algorithm: string): string {
  const way = WAYS[algorithm];
  return way === undefined ? algorithmName(algorithm) : `${algorithmName(algorithm)}: ${way}`;
}

/** "SVD + EASE": the ratings' part first. */
export function madeOf({ algorithms }: Pick<ModelVersion, "algorithms">): string {
  return ["rating", "ranking"].flatMap((role) => algorithms[role] ?? []).map(algorithmName).join(" + ");
}

export interface Setting {
  name: string;
  value: string;
}

/** Hyperparameters one by one; what lies within another is named by the way to it. */
export function settings(values: unknown, within = ""): Setting[] {
  if (Array.isArray(values)) {
    if (values.every((value) => typeof value !== "object")) return [{ name: within, value: values.join(", ") }];
    return values.flatMap((value, i) => settings(value, `${within} ${i + 1}`));
  }
  if (typeof values === "object" && values !== null) {
    return Object.entries(values).flatMap(([name, value]) => settings(value, [within, spaced(name)].filter(Boolean).join(", ")));
  }
  return [{ name: within, value: text(values) }];
}

function spaced(name: string): string {
  return name.replaceAll("_", " ");
}

function text(value: unknown): string {
  if (value === null) return "none";
  return typeof value === "string" ? algorithmName(value) : JSON.stringify(value);
}
