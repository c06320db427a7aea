import { describe, expect, it } from "vitest";

import { spokenTitle } from "./titles";

describe("spokenTitle", () => {
  it("puts a filed article back in front", () => {
    expect(spokenTitle("Godfather, The").main).toBe("The Godfather");
    expect(spokenTitle("Affaire, L'").main).toBe("L'Affaire");
  });

  it("leaves commas alone that file no article", () => {
    expect(spokenTitle("Sex, Lies, and Videotape").main).toBe("Sex, Lies, and Videotape");
    expect(spokenTitle("A").main).toBe("A");
  });

  it("takes the other title out of the brackets", () => {
    expect(spokenTitle("Postino, Il (The Postman)")).toEqual({ main: "Il Postino", alternative: "The Postman" });
  });

  it("drops the year only where it repeats the item's own", () => {
    expect(spokenTitle("Toy Story (1995)", 1995)).toEqual({ main: "Toy Story", alternative: null });
    expect(spokenTitle("2001 (1968)", 1969)).toEqual({ main: "2001", alternative: "1968" });
  });

  it("gives back what it cannot read", () => {
    expect(spokenTitle("(500)")).toEqual({ main: "(500)", alternative: null });
    expect(spokenTitle("")).toEqual({ main: "", alternative: null });
  });
});
