import { describe, expect, it } from "vitest";

import { stages, type Course, type Plan } from "./stages";

const CANARY: Plan = {
  shadow: { minutes: 5, lists: 200 },
  steps: [
    { share: 0.05, minutes: 10, people: 50 },
    { share: 0.5, minutes: 60, people: 500 },
  ],
  longest_hours: 168,
  patch_on_guardrails: true,
};
const SHADOW = { state: "shadow", share: 0, began_at: "2026-03-01T10:01:00Z", ended_at: "2026-03-01T10:06:00Z" };
const FIRST = { state: "canary", share: 0.05, began_at: "2026-03-01T10:06:00Z", ended_at: null };
const GOING: Course = {
  state: "canary",
  created_at: "2026-03-01T10:00:00Z",
  ended_at: null,
  plan: CANARY,
  steps: [SHADOW, FIRST],
};

function states(course: Course): string[] {
  return stages(course).map(({ name, state }) => `${name}: ${state}`);
}

describe("the stages of a rollout", () => {
  it("tell what is done, what goes on and what is ahead", () => {
    expect(states(GOING)).toEqual(["Warming up: done", "Shadow: done", "5 %: current", "50 %: ahead", "Champion: ahead"]);
  });

  it("have their times", () => {
    const [warming, shadow, first, second] = stages(GOING);
    expect(warming).toMatchObject({ began: GOING.created_at, ended: SHADOW.began_at });
    expect(shadow).toMatchObject({ began: SHADOW.began_at, ended: SHADOW.ended_at });
    expect(first).toMatchObject({ began: FIRST.began_at, ended: null, share: 0.05 });
    expect(second).toMatchObject({ began: null, ended: null });
  });

  it("begin with warming up", () => {
    expect(states({ ...GOING, state: "planned", steps: [] })).toEqual([
      "Warming up: current",
      "Shadow: ahead",
      "5 %: ahead",
      "50 %: ahead",
      "Champion: ahead",
    ]);
  });

  it("show where a rollout was stopped, and what it never reached", () => {
    const ended_at = "2026-03-01T10:09:00Z";
    const stopped: Course = { ...GOING, state: "rolled_back", ended_at, steps: [SHADOW, { ...FIRST, ended_at }] };
    expect(states(stopped)).toEqual(["Warming up: done", "Shadow: done", "5 %: ended", "50 %: left out", "Champion: left out"]);
  });

  it("show a rollout that was stopped while workers were warming up", () => {
    const stopped: Course = { ...GOING, state: "aborted", ended_at: "2026-03-01T10:00:30Z", steps: [] };
    expect(states(stopped)[0]).toBe("Warming up: ended");
    expect(states(stopped)[1]).toBe("Shadow: left out");
  });

  it("are two of a blue-green one, which ends with the champion", () => {
    const plan = { ...CANARY, shadow: null, steps: [] };
    const course: Course = { ...GOING, state: "promoted", ended_at: "2026-03-01T10:00:09Z", plan, steps: [] };
    expect(states(course)).toEqual(["Warming up: done", "Champion: done"]);
  });

  it("show as left out what an operator's promotion passed over", () => {
    const ended_at = "2026-03-01T10:09:00Z";
    const course: Course = { ...GOING, state: "promoted", ended_at, steps: [SHADOW, { ...FIRST, ended_at }] };
    expect(states(course)).toEqual(["Warming up: done", "Shadow: done", "5 %: done", "50 %: left out", "Champion: done"]);
  });
});
