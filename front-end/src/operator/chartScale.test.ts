import { describe, expect, it } from "vitest";

import { niceScale } from "./chartScale";

describe("niceScale", () => {
  it("puts round ticks around the values", () => {
    const { ticks } = niceScale([0.92, 0.98], 0, 100);
    expect(ticks.map((tick) => Number(tick.toFixed(4)))).toEqual([0.9, 0.92, 0.94, 0.96, 0.98, 1]);
  });

  it("draws greater values higher, inside the chart", () => {
    const { y } = niceScale([1, 3], 10, 110);
    expect(y(3)).toBeLessThan(y(1));
    expect(y(3)).toBeGreaterThanOrEqual(10);
    expect(y(1)).toBeLessThanOrEqual(110);
  });

  it("makes room around a single value", () => {
    const { y } = niceScale([0.5], 0, 100);
    expect(y(0.5)).toBeGreaterThan(0);
    expect(y(0.5)).toBeLessThan(100);
  });
});
