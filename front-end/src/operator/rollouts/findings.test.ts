import { describe, expect, it } from "vitest";

import { differenceText, intervalText, marginText, meaning, rateText, spanOf, type Finding } from "./findings";

const POSITIVE: Finding = {
  metric: "positive",
  verdict: "not worse",
  estimate: 0.002,
  low: -0.004,
  high: 0.008,
  relative: 0.04,
  relative_low: -0.08,
  relative_high: 0.16,
  champion: 0.05,
  challenger: 0.052,
  people_champion: 1200,
  people_challenger: 1180,
  observations: 9000,
  level: 0.95,
  margin: 0.1,
  reason: "positive: the whole interval is within the margin.",
};
const FEW: Finding = {
  ...POSITIVE,
  metric: "error",
  verdict: "inconclusive",
  estimate: 0.02,
  low: -0.01,
  high: 0.05,
  champion: null,
  challenger: null,
  margin: 0.05,
  reason: "error: 12 and 12 people, of 50 that are asked for.",
};
const NOTHING: Finding = {
  ...FEW,
  estimate: null,
  low: null,
  high: null,
  relative: null,
  relative_low: null,
  relative_high: null,
  reason: "There is nothing to compare error by.",
};

describe("a finding", () => {
  it("is drawn by its relative effect where its margin is relative", () => {
    const span = spanOf(POSITIVE);
    expect(span?.estimate).toBeCloseTo(0.4);
    expect(span?.low).toBeCloseTo(-0.8);
    expect(span?.high).toBeCloseTo(1.6);
  });

  it("is drawn turned where less is better", () => {
    const span = spanOf(FEW);
    expect(span?.estimate).toBeCloseTo(-0.4);
    expect(span?.low).toBeCloseTo(-1);
  });

  it("is not drawn where nothing was observed", () => {
    expect(spanOf(NOTHING)).toBeNull();
    expect(differenceText(NOTHING)).toBe("–");
    expect(intervalText(NOTHING)).toBe("–");
  });

  it("has its figures in their units", () => {
    expect(rateText("positive", 0.052)).toBe("5.2 %");
    expect(rateText("errors", 0.0004)).toBe("0.04 %");
    expect(rateText("latency", 1.234)).toBe("1.23 ms");
    expect(rateText("stars", 3.608)).toBe("3.61");
    expect(rateText("error", null)).toBe("–");
  });

  it("tells differences, intervals and margins with their signs", () => {
    expect(differenceText(POSITIVE)).toBe("+4.0 %");
    expect(intervalText(POSITIVE)).toBe("−8.0 to +16.0 %");
    expect(marginText(POSITIVE)).toBe("−10 %");
    expect(intervalText(FEW)).toBe("−0.010 to +0.050 stars");
    expect(marginText(FEW)).toBe("+0.05 stars");
    expect(marginText({ ...FEW, metric: "errors", margin: 0.005 })).toBe("+0.5 points");
    expect(intervalText({ ...POSITIVE, relative_high: null })).toBe("from −8.0 %");
  });

  it("says what its verdict means", () => {
    expect(meaning(POSITIVE)).toBe("The whole interval is on the good side of the margin.");
    expect(meaning(FEW)).toBe("12 and 12 people, of 50 that are asked for.");
    expect(meaning(NOTHING)).toBe("Nothing to compare by has been observed yet.");
  });
});
