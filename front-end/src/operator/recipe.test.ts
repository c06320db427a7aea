import { describe, expect, it } from "vitest";

import { algorithmName, algorithmText, madeOf, settings } from "./recipe";

describe("algorithms", () => {
  it("have the names that people know, the ratings' part first", () => {
    expect(madeOf({ algorithms: { ranking: "blend", rating: "bayes-svdpp" } })).toBe("Bayesian SVD++ + Blend");
    expect(algorithmText("ease")).toBe("EASE: weights between items, in closed form");
  });

  it("are told apart from models that were trained elsewhere", () => {
    const imported = { imported: "our own", fold_in: { dislike: 0.5 } };
    expect(algorithmText("ease", imported)).toBe("our own: trained elsewhere, served as EASE");
    expect(algorithmText("ease", { dislike: 0.5 })).toBe("EASE: weights between items, in closed form");
  });

  it("of a later release keep the program's name", () => {
    expect(algorithmName("transformer")).toBe("transformer");
    expect(algorithmText("transformer")).toBe("transformer");
  });
});

describe("settings", () => {
  it("are named as in params.yaml, in the order of their names", () => {
    expect(settings({ n_factors: 100, half_life: null })).toEqual([
      { name: "half_life", value: "null" },
      { name: "n_factors", value: "100" },
    ]);
  });

  it("within others are named by the way to them", () => {
    const blend = { models: [{ algorithm: "ease", dislike: 0.5 }, { algorithm: "popularity" }], weights: { active: [1, 0.5] } };
    expect(settings(blend)).toEqual([
      { name: "models.0.algorithm", value: "ease" },
      { name: "models.0.dislike", value: "0.5" },
      { name: "models.1.algorithm", value: "popularity" },
      { name: "weights.active", value: "1, 0.5" },
    ]);
  });
});
