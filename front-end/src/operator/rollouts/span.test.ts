import { describe, expect, it } from "vitest";

import { inMargins, place } from "./span";

describe("an interval in margins", () => {
  it("has harm at −1, whatever the unit", () => {
    const span = inMargins({ estimate: -0.125, low: -0.25, high: 0.0625 }, 0.25, "higher");
    expect(span).toEqual({ estimate: -0.5, low: -1, high: 0.25, harm: -1 });
  });

  it("is turned where less is better: 20 ms more is worse", () => {
    const span = inMargins({ estimate: 20, low: 10, high: 40 }, 40, "lower");
    expect(span).toEqual({ estimate: -0.5, low: -1, high: -0.25, harm: -1 });
  });

  it("is open where there is no bound, on the side that it belongs to", () => {
    expect(inMargins({ estimate: 0, low: -0.1, high: null }, 0.1, "higher")).toMatchObject({ low: -1, high: Infinity });
    expect(inMargins({ estimate: 0, low: -0.1, high: null }, 0.1, "lower")).toMatchObject({ low: -Infinity, high: 1 });
  });

  it("fills the picture where no margin is given, and has no line of harm", () => {
    const span = inMargins({ estimate: 2, low: -1, high: 4 }, 0, "higher");
    expect(span).toEqual({ estimate: 1, low: -0.5, high: 2, harm: null });
    expect(inMargins({ estimate: 0, low: 0, high: 0 }, 0, "lower")).toEqual({ estimate: 0, low: 0, high: 0, harm: null });
  });
});

describe("a place in the picture", () => {
  it("has no difference in the middle and three margins to either side", () => {
    expect([-3, -1, 0, 3].map((margins) => place(margins, 240).x)).toEqual([0, 80, 120, 240]);
  });

  it("is the edge for what lies beyond, and says so", () => {
    expect(place(-8, 240)).toEqual({ x: 0, beyond: true });
    expect(place(Infinity, 240)).toEqual({ x: 240, beyond: true });
    expect(place(3, 240).beyond).toBe(false);
  });
});
