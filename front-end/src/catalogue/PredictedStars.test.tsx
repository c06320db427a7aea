// @vitest-environment jsdom
import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it } from "vitest";

import { PredictedStars } from "./PredictedStars";

afterEach(cleanup);

describe("PredictedStars", () => {
  it("says the stars and the interval that they should lie in", () => {
    render(<PredictedStars expected={{ stars: 4.06, stars_low: 3.08, stars_high: 4.84 }} />);
    expect(screen.getByText("Predicted 4.1 of 5 stars")).toBeTruthy();
    expect(screen.getByRole("img", { name: "likely between 3.1 and 4.8 stars" })).toBeTruthy();
  });

  it("draws the interval along the scale of half a star to five", () => {
    render(<PredictedStars expected={{ stars: 4, stars_low: 3, stars_high: 5 }} />);
    const range = screen.getByRole("img");
    expect(range.getAttribute("viewBox")).toBe("0.5 0 4.5 1");
    const [scale, likely, mark] = [...range.querySelectorAll("rect")].map((rect) =>
      ["x", "width"].map((name) => Number(rect.getAttribute(name))),
    );
    expect(scale).toEqual([0.5, 4.5]);
    expect(likely).toEqual([3, 2]);
    expect((mark?.[0] ?? 0) + (mark?.[1] ?? 0) / 2).toBeCloseTo(4);
  });

  it("has the interval in words where there is room", () => {
    const expected = { stars: 4, stars_low: 3.1, stars_high: 4.8 };
    render(<PredictedStars expected={expected} size="large" />);
    expect(screen.getByText("likely 3.1 to 4.8")).toBeTruthy();
    cleanup();
    render(<PredictedStars expected={expected} />);
    expect(screen.queryByText("likely 3.1 to 4.8")).toBeNull();
  });

  it("shows stars alone where the model has no interval, and nothing where it has no stars", () => {
    render(<PredictedStars expected={{ stars: 4, stars_low: null, stars_high: null }} />);
    expect(screen.getByText("Predicted 4.0 of 5 stars")).toBeTruthy();
    expect(screen.queryByRole("img")).toBeNull();
    cleanup();
    const { container } = render(<PredictedStars expected={{ stars: null, stars_low: null, stars_high: null }} />);
    expect(container.textContent).toBe("");
  });
});
