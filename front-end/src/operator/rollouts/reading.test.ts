import { describe, expect, it } from "vitest";

import { readLook, readPlan, readShadow } from "./reading";

describe("what is read of a rollout", () => {
  it("is the preset of its plan", () => {
    const step = { share: 0.05, minutes: 10, people: 50 };
    const preset = { shadow: { minutes: 5, lists: 200, slowest: 5 }, steps: [step], longest_hours: 168, patch_on_guardrails: true };
    expect(readPlan({ preset, judge: { alpha: 0.05 } })).toEqual({
      shadow: { minutes: 5, lists: 200 },
      steps: [step],
      longest_hours: 168,
      patch_on_guardrails: true,
    });
    expect(readPlan({ preset: { shadow: null, steps: [] } })).toMatchObject({ shadow: null, steps: [] });
  });

  it("is what the judge said, where a word that we do not know says nothing", () => {
    expect(readLook(null)).toBeNull();
    const seen = readLook({
      stage: "canary",
      step: 2,
      verdict: "worse",
      reason: "because",
      findings: [{ metric: "errors", verdict: "dreadful", low: null }],
      reached: { minutes: 1.5, of_minutes: 10, people: 12, of_people: 50 },
    });
    expect(seen).toMatchObject({ stage: "canary", step: 2, verdict: "worse", reason: "because", reached: 12, warm: null });
    expect(seen?.findings[0]).toMatchObject({ metric: "errors", verdict: "inconclusive", low: null, observations: 0 });
  });

  it("is how many workers are warm before anybody is asked", () => {
    const seen = readLook({ stage: "warming", step: 0, verdict: "waiting", reason: "", workers: 2, warm: 1 });
    expect(seen).toMatchObject({ workers: 2, warm: 1, reached: null, findings: [] });
  });

  it("is the means of the shadow, each over the lists that have it", () => {
    const sums = { compared: 4, correlated: 2, overlap: 3, rank_correlation: 1.5, champion_ms: 8, challenger_ms: 12, errors: 1 };
    expect(readShadow(sums)).toEqual({
      compared: 4,
      errors: 1,
      dropped: 0,
      overlap: 0.75,
      rank_correlation: 0.75,
      stars_shift: null,
      score_shift: null,
      champion_ms: 2,
      challenger_ms: 3,
    });
    expect(readShadow({})).toBeNull();
  });
});
