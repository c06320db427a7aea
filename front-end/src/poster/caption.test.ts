import { describe, expect, it } from "vitest";

import { caption } from "./caption";

describe("caption", () => {
  it("names the first two genres in capitals", () => {
    expect(caption(["Documentary", "Children's", "War"], 140)).toBe("DOCUMENTARY / CHILDREN'S");
    expect(caption([], 140)).toBe("");
  });

  it("names one where two do not fit, and cuts one that does not", () => {
    expect(caption(["Drama", "Films that were shown once and never again"], 140)).toBe("DRAMA");
    const cut = caption(["Films that were shown once and never again"], 140);
    expect(cut).toMatch(/^FILMS THAT WERE SHOWN.*…$/u);
    expect(cut.length).toBeLessThanOrEqual(140 / 5.8);
  });
});
