import { describe, expect, it } from "vitest";

import { counted, numberText, percentText, signedText } from "./figures";

describe("a number as people write it", () => {
  it("has its thousands apart", () => {
    expect(numberText(12480)).toBe("12,480");
    expect(counted(1, "person", "people")).toBe("1 person");
    expect(counted(2000, "person", "people")).toBe("2,000 people");
  });

  it("has no digits that say nothing", () => {
    expect([0.05, 0.125, 1].map(percentText)).toEqual(["5 %", "12.5 %", "100 %"]);
  });

  it("has its sign, unless it is rounded to nought", () => {
    expect([1.25, -1.25, -0.004].map((value) => signedText(value, 2))).toEqual(["+1.25", "−1.25", "0.00"]);
  });
});
