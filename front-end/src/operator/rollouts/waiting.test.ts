import { describe, expect, it } from "vitest";

import { clockText } from "../times";
import type { Finding } from "./findings";
import type { Look } from "./reading";
import { waitingText, type Waiting } from "./waiting";

const BEGAN = "2026-03-01T10:00:00Z";
const NOW = Date.parse("2026-03-01T10:02:05Z");
const FINDING: Finding = {
  metric: "positive",
  verdict: "inconclusive",
  estimate: 0,
  low: -0.1,
  high: 0.1,
  relative: 0,
  relative_low: -0.5,
  relative_high: 0.5,
  champion: 0.2,
  challenger: 0.2,
  people_champion: 100,
  people_challenger: 12,
  observations: 400,
  level: 0.95,
  margin: 0.1,
  reason: "positive: the interval lies across a bound.",
};
const LOOK: Look = { stage: "shadow", step: 0, verdict: "waiting", reason: "", findings: [], reached: 80, workers: null, warm: null };
const ROLLOUT: Waiting = {
  state: "shadow",
  challenger: 4,
  champion: 3,
  step: 0,
  created_at: BEGAN,
  ended_at: null,
  plan: {
    shadow: { minutes: 5, lists: 200 },
    steps: [
      { share: 0.05, minutes: 10, people: 50 },
      { share: 0.5, minutes: 0, people: 0 },
    ],
    longest_hours: 168,
    patch_on_guardrails: false,
  },
  steps: [{ state: "shadow", share: 0, began_at: BEGAN, ended_at: null }],
  look: LOOK,
};

function canary(step: number, metrics: string[] = []): Waiting {
  const findings = metrics.map((metric) => ({ ...FINDING, metric }));
  return {
    ...ROLLOUT,
    state: "canary",
    step,
    steps: [{ state: "canary", share: 0.05, began_at: BEGAN, ended_at: null }],
    look: { ...LOOK, stage: "canary", step, reached: 1, findings },
  };
}

describe("what a rollout waits for", () => {
  it("is the workers at first", () => {
    const planned: Waiting = { ...ROLLOUT, state: "planned", steps: [], look: null };
    expect(waitingText(planned, NOW)).toBe("Waiting until every worker has version 4 in memory.");
    expect(waitingText({ ...planned, look: { ...LOOK, stage: "warming", warm: 1, workers: 2 } }, NOW)).toBe(
      "Waiting until every worker has version 4 in memory: 1 of 2 has it.",
    );
    expect(waitingText({ ...planned, look: { ...LOOK, stage: "warming", warm: 0, workers: 0 } }, NOW)).toContain("no worker");
  });

  it("is time and lists in the shadow", () => {
    expect(waitingText(ROLLOUT, NOW)).toBe(
      "Version 4 is asked what the champion is asked; nobody sees its lists. " +
        "That lasts for 5 min and 200 lists at least: 2 min 5 s and 80 lists so far.",
    );
  });

  it("is time and people at a step of the canary, and the guardrails", () => {
    expect(waitingText(canary(1, ["positive", "errors"]), NOW)).toBe(
      "5 % of the people see version 4. That lasts for 10 min and 50 people at least: 2 min 5 s and 1 person so far. " +
        "Then more will, if no guardrail speaks against it. Still open: lists that failed.",
    );
  });

  it("does not count what was seen at another step", () => {
    const fresh = canary(1);
    expect(waitingText({ ...fresh, look: { ...LOOK, stage: "shadow", reached: 200 } }, NOW)).toContain("at least: 2 min 5 s so far.");
  });

  it("is the judge at the last step, until the longest time is over", () => {
    const end = clockText("2026-03-08T10:00:00Z");
    expect(waitingText(canary(2, ["positive", "stars", "empty"]), NOW)).toBe(
      "50 % of the people see version 4. It becomes champion when the judge is sure that nothing is worse beyond its margin. " +
        `Still open: positive answers, stars given and empty lists. If that lasts until ${end}, version 3 stays.`,
    );
  });

  it("is nothing when it has ended", () => {
    expect(waitingText({ ...ROLLOUT, state: "promoted" }, NOW)).toBe("Version 4 has taken the place of version 3.");
    expect(waitingText({ ...ROLLOUT, state: "rolled_back" }, NOW)).toContain("Version 3 stayed champion.");
  });
});
