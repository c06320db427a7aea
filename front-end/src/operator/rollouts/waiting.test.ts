import { describe, expect, it } from "vitest";

import { clockText } from "../times";
import type { Finding } from "./findings";
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
  reason: "positive: the interval holds both harm and none.",
};
const ROLLOUT: Waiting = {
  state: "shadow",
  challenger: 4,
  champion: 3,
  created_at: BEGAN,
  ended_at: null,
  outcome: null,
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
  compared: 80,
  findings: [],
  warm: { warm: 1, alive: 2 },
};

function canary(share: number, findings: Finding[] = []): Waiting {
  return { ...ROLLOUT, state: "canary", steps: [{ state: "canary", share, began_at: BEGAN, ended_at: null }], findings };
}

describe("what a rollout waits for", () => {
  it("is the workers at first", () => {
    expect(waitingText({ ...ROLLOUT, state: "planned", steps: [] }, NOW)).toBe(
      "Waiting until every worker has version 4 in memory: 1 of 2 has it.",
    );
  });

  it("is time and lists in the shadow", () => {
    expect(waitingText(ROLLOUT, NOW)).toBe(
      "Version 4 is asked what the champion is asked; nobody sees its lists. " +
        "That lasts for 5 min and 200 lists at least: 2 min 5 s and 80 lists so far.",
    );
  });

  it("is time and people at a step of the canary", () => {
    expect(waitingText(canary(0.05), NOW)).toBe(
      "5 % of the people see version 4. That lasts for 10 min and 50 people at least: 2 min 5 s so far. " +
        "It goes on as long as nothing is worse.",
    );
  });

  it("is the judge at the last step, until the longest time is over", () => {
    const end = clockText("2026-03-08T10:00:00Z");
    const findings = ["positive", "stars", "empty"].map((metric) => ({ ...FINDING, metric }));
    expect(waitingText(canary(0.5, findings), NOW)).toBe(
      "50 % of the people see version 4. It becomes champion when the judge is sure that nothing is worse beyond its margin. " +
        `Still open: positive answers, stars given to what was shown and empty lists. If that lasts until ${end}, version 3 stays.`,
    );
  });

  it("is nothing when it has ended", () => {
    expect(waitingText({ ...ROLLOUT, state: "promoted" }, NOW)).toBe("Version 4 serves everybody.");
    expect(waitingText({ ...ROLLOUT, state: "aborted" }, NOW)).toContain("Version 3 stayed champion.");
  });
});
