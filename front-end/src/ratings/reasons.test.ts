import { describe, expect, it } from "vitest";

import type { Reason } from "../api/types";
import { reasonSentences } from "./reasons";

function because(title: string): Reason {
  return { kind: "because", item_id: title, title, share: 0.3 };
}

describe("reasonSentences", () => {
  it("names the titles in one sentence, as people say them", () => {
    expect(reasonSentences([because("Godfather, The"), because("Alien"), because("Brazil")])).toEqual([
      "Because of The Godfather, Alien and Brazil.",
    ]);
    expect(reasonSentences([because("Alien"), because("Brazil")])).toEqual(["Because of Alien and Brazil."]);
    expect(reasonSentences([because("Alien")])).toEqual(["Because of Alien."]);
  });

  it("tells what another stage went by", () => {
    expect(reasonSentences([{ kind: "similar", item_id: "1", title: "Alien", share: 1 }])).toEqual(["Like Alien."]);
    expect(reasonSentences([{ kind: "category", category: "Drama" }])).toEqual(["Popular in Drama, which you like."]);
    expect(reasonSentences([{ kind: "profile" }])).toEqual(["People like you rate it."]);
    expect(reasonSentences([{ kind: "popular" }])).toEqual(["Popular with everybody."]);
    expect(reasonSentences([{ kind: "explored" }])).toHaveLength(1);
  });

  it("tells of the rule after what the model says", () => {
    const rule: Reason = { kind: "rule", rule: "spring sale", action: "boost" };
    expect(reasonSentences([because("Alien"), rule])).toEqual(["Because of Alien.", "Our choice: spring sale."]);
  });

  it("has nothing to say where there is no reason", () => {
    expect(reasonSentences([])).toEqual([]);
  });
});
