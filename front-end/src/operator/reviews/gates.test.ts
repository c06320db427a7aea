import { describe, expect, it } from "vitest";

import { byKind, gateName, gateSpan, groupSpan, readGates, usedOf } from "./gates";

const QUALITY = {
  name: "known.rmse",
  kind: "quality",
  passed: true,
  candidate: 1,
  rival: 0.875,
  than: "champion",
  margin: 0.25,
  low: 0,
  high: 0.25,
  people: 312,
  reason: "within the margin",
};
const SLICES = {
  name: "slices.gender.ndcg",
  kind: "slices",
  passed: false,
  margin: 0.05,
  reason: "worse for F",
  groups: [
    { name: "F", people: 90, difference: -0.1, low: -0.15, high: -0.06, outcome: "failed" },
    { name: "M", people: 3, difference: null, low: null, high: null, outcome: "not judged" },
  ],
};

function only(gate: Record<string, unknown>) {
  const [read] = readGates([gate]);
  if (!read) throw new Error("no gate was read");
  return read;
}

describe("a gate", () => {
  it("of the stars is drawn turned, since less error is better", () => {
    expect(gateSpan(only(QUALITY))).toEqual({ estimate: -0.5, low: -1, high: 0, harm: -1 });
  });

  it("without an interval is not drawn, as those of earlier releases are not", () => {
    const old = only({ name: "known.rmse", passed: true, candidate: 0.95, champion: 0.94, margin: 0.01, reason: "…" });
    expect(old).toMatchObject({ kind: "quality", rival: 0.94, judged: true, low: null });
    expect(gateSpan(old)).toBeNull();
    expect(usedOf(old)).toBeNull();
  });

  it("of slices has an interval for each group that can be judged", () => {
    const gate = only(SLICES);
    const [women, men] = gate.groups.map((group) => groupSpan(gate, group));
    expect(women?.estimate).toBeCloseTo(-2);
    expect(women?.high).toBeCloseTo(-1.2);
    expect(men).toBeNull();
  });

  it("of cost says how much of the limit is used", () => {
    const cost = { kind: "cost", passed: true, reason: "", candidate: 12 };
    expect(usedOf(only({ ...cost, name: "cost.list_p95_ms", than: "", margin: 48 }))).toBe(0.25);
    expect(usedOf(only({ ...cost, name: "cost.slower", than: "champion", rival: 8, margin: 3 }))).toBe(0.5);
    expect(usedOf(only({ ...cost, name: "cost.slower", than: "champion", margin: 3 }))).toBeNull();
  });

  it("has a name that people know", () => {
    expect(gateName("known.rmse")).toBe("RMSE of known users");
    expect(gateName("baselines.new.ndcg")).toBe("nDCG of new users");
    expect(gateName("slices.age.ndcg")).toBe("nDCG by age");
    expect(gateName("something.else")).toBe("something.else");
  });

  it("stands under a heading, apart by whom it is compared with", () => {
    const beaten = { ...QUALITY, name: "baselines.new.ndcg", than: "baselines" };
    const headings = byKind(readGates([QUALITY, SLICES, beaten, { ...QUALITY, name: "new.ndcg" }]));
    expect(headings.map(([heading, gates]) => [heading, gates.length])).toEqual([
      ["Quality, beside the champion", 2],
      ["Groups of people, beside the champion", 1],
      ["Quality, beside the baselines", 1],
    ]);
  });
});
