import { describe, expect, it } from "vitest";

import { offeredVersion } from "./offers";

describe("the offer of an alert", () => {
  it("may be a rollout", () => {
    expect(offeredVersion({ action: "rollout", version: 3 })).toBe(3);
  });

  it("may be nothing that these screens can do", () => {
    expect([null, {}, { action: "retrain", version: 3 }, { action: "rollout" }].map(offeredVersion)).toEqual([null, null, null, null]);
  });
});
