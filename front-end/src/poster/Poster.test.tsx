// @vitest-environment jsdom
import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { styleFor } from "./genres";
import { Poster } from "./Poster";

const drawn = (id: string, genres: string[]) =>
  render(<Poster id={id} title="Fargo" year={1996} genres={genres} />).container.innerHTML;

describe("Poster", () => {
  it("is the same each time for one title, and another for another", () => {
    expect(drawn("100", ["Crime"])).toBe(drawn("100", ["Crime"]));
    expect(drawn("100", ["Crime"])).not.toBe(drawn("101", ["Crime"]));
  });

  it("draws a title without genres or year", () => {
    const { container } = render(<Poster id="x" title="" year={null} genres={[]} />);
    expect(container.querySelector("svg")?.textContent).toBe("UNTITLED");
  });

  it("leaves no coordinate undefined, whatever the genre", () => {
    for (const genre of ["Drama", "Comedy", "Sci-Fi", "Western", "Horror", "Romance", "Documentary", "Telenovela"]) {
      for (const id of ["1", "2", "3", "4", "5", "6"]) expect(drawn(id, [genre])).not.toMatch(/NaN|undefined/);
    }
  });
});

describe("styleFor", () => {
  it("lets the most telling genre make the poster", () => {
    expect(styleFor(["Drama", "Film-Noir"])).toBe(styleFor(["Film-Noir"]));
    expect(styleFor(["Action", "Sci-Fi", "War"])).toBe(styleFor(["Sci-Fi"]));
  });

  it("gives an unknown genre a style, always the same", () => {
    expect(styleFor(["Telenovela"])).toBe(styleFor(["Telenovela"]));
  });
});
