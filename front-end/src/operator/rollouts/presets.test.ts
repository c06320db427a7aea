import { describe, expect, it } from "vitest";

import { presetBrief, presetEnd, presetSteps } from "./presets";
import type { Plan } from "./stages";

const CANARY: Plan = {
  shadow: { minutes: 5, lists: 200 },
  steps: [
    { share: 0.05, minutes: 10, people: 50 },
    { share: 0.5, minutes: 0, people: 1 },
  ],
  longest_hours: 168,
  patch_on_guardrails: true,
};
const BLUE_GREEN: Plan = { shadow: null, steps: [], longest_hours: 168, patch_on_guardrails: false };

describe("a preset", () => {
  it("is told stage by stage, with what each asks for", () => {
    expect(presetSteps(CANARY).slice(1, 4)).toEqual([
      "Shadow: it is asked what the champion is asked, and nobody sees its lists, for 5 min and 200 lists at least.",
      "5 % of the people see it, for 10 min and 50 people at least.",
      "50 % of the people see it, for 1 person at least.",
    ]);
  });

  it("says how it ends undecided", () => {
    expect(presetEnd(CANARY)).toBe(
      "Undecided after 7 days, the champion stays; new data for the champion’s own recipe may pass on the guardrails alone.",
    );
    expect(presetEnd({ ...CANARY, longest_hours: 0.5, patch_on_guardrails: false })).toBe("Undecided after 30 min, the champion stays.");
  });

  it("without steps takes everybody at once", () => {
    expect(presetSteps(BLUE_GREEN)).toEqual([
      "Every worker loads the version.",
      "Then it serves everybody, and the champion before is kept hot.",
    ]);
    expect(presetEnd(BLUE_GREEN)).toBeNull();
  });

  it("has a brief form", () => {
    expect(presetBrief(CANARY)).toBe("shadow, then 5\u00a0%, 50\u00a0%");
    expect(presetBrief({ ...CANARY, shadow: null })).toBe("5\u00a0%, 50\u00a0%");
    expect(presetBrief(BLUE_GREEN)).toBe("everybody at once");
  });
});
