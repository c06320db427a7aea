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

/** An algorithm and how it works; a model that was trained elsewhere has its own name, under `imported`. */
export function algorithmText(algorithm: string, hyperparameters?: unknown): string {
  const imported = settings(hyperparameters ?? {}).find(({ name }) => name === "imported")?.value;
  if (imported !== undefined) return `${imported}: trained elsewhere, served as ${algorithmName(algorithm)}`;
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

/** Hyperparameters one by one, named as in params.yaml; what lies within another has the way to it before its name. */
export function settings(values: unknown, within = ""): Setting[] {
  if (typeof values !== "object" || values === null) return [{ name: within, value: text(values) }];
  if (Array.isArray(values) && values.every((value) => typeof value !== "object")) {
    return [{ name: within, value: values.map(text).join(", ") }];
  }
  return Object.entries(values)
    .sort(([one], [other]) => one.localeCompare(other, "en", { numeric: true }))
    .flatMap(([name, value]) => settings(value, within === "" ? name : `${within}.${name}`));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
