import { describe, expect, it } from "vitest";

import { isArchivable, isBlank, reviewedText, standingText } from "./reviewing";

describe("where a version stands", () => {
  it("names the reviews that it waits for", () => {
    const validated = { version: 4, state: "validated", serving: false };
    expect(standingText(validated, ["technical", "business"])).toBe(
      "The gates let it pass. It waits for a technical and a business review.",
    );
    expect(standingText(validated, ["business"])).toBe("The gates let it pass. It waits for a business review.");
  });

  it("is champion before anything else", () => {
    expect(standingText({ version: 4, state: "approved", serving: true }, [])).toContain("champion");
    expect(standingText({ version: 4, state: "approved", serving: false }, [])).toContain("A rollout takes it");
  });

  it("lets only what will not serve be put away", () => {
    const states = ["candidate", "validated", "rejected", "approved", "declined", "retired", "archived"];
    expect(states.filter((state) => isArchivable({ state }))).toEqual(["rejected", "declined", "retired"]);
  });
});

describe("what a review came to", () => {
  it("is an approval, a refusal, or half of one", () => {
    expect(reviewedText(4, { state: "approved", missing: [] })).toBe("Version 4 is approved.");
    expect(reviewedText(4, { state: "declined", missing: ["business"] })).toBe("Version 4 is declined.");
    expect(reviewedText(4, { state: "validated", missing: ["business"] })).toBe(
      "Your review is kept. Version 4 still needs the business one.",
    );
  });
});

describe("a comment", () => {
  it("is blank without a character that can be seen", () => {
    const texts = ["", "  \n", "\u200b\u202e", "\ufeff", " fine ", "–"];
    expect(texts.filter(isBlank)).toEqual(["", "  \n", "\u200b\u202e", "\ufeff"]);
  });
});
