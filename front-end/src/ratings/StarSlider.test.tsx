// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it, vi } from "vitest";

import { StarSlider } from "./StarSlider";

afterEach(cleanup);

function show(value: number | null) {
  const onRate = vi.fn();
  const onRemove = vi.fn();
  render(<StarSlider title="Fargo" value={value} onRate={onRate} onRemove={onRemove} />);
  return { slider: screen.getByRole("slider", { name: "Your rating for Fargo" }), onRate, onRemove };
}

describe("StarSlider", () => {
  it("says its value in words", () => {
    expect(show(3.5).slider.getAttribute("aria-valuetext")).toBe("3.5 stars of 5");
    cleanup();
    expect(show(null).slider.getAttribute("aria-valuetext")).toBe("Not rated");
  });

  it("keeps a rating at Enter, once, however many keys led there", async () => {
    const { slider, onRate } = show(null);
    slider.focus();
    await userEvent.keyboard("4{ArrowRight}{Enter}");
    expect(onRate.mock.calls).toEqual([[4.5]]);
  });

  it("keeps a rating when the focus leaves", async () => {
    const { slider, onRate } = show(2);
    slider.focus();
    await userEvent.keyboard("{ArrowLeft}");
    expect(onRate).not.toHaveBeenCalled();
    await userEvent.tab();
    expect(onRate.mock.calls).toEqual([[1.5]]);
  });

  it("keeps a rating when the keys have rested", () => {
    vi.useFakeTimers();
    const { slider, onRate } = show(null);
    fireEvent.keyDown(slider, { key: "5" });
    vi.advanceTimersByTime(500);
    expect(onRate).not.toHaveBeenCalled();
    vi.advanceTimersByTime(500);
    expect(onRate.mock.calls).toEqual([[5]]);
    vi.useRealTimers();
  });

  it("forgets the draft at Escape", async () => {
    const { slider, onRate } = show(2);
    slider.focus();
    await userEvent.keyboard("5{Escape}");
    await userEvent.tab();
    expect(onRate).not.toHaveBeenCalled();
    expect(slider.getAttribute("aria-valuenow")).toBe("2");
  });

  it("removes with Delete only what there is", async () => {
    const rated = show(2);
    rated.slider.focus();
    await userEvent.keyboard("{Delete}");
    expect(rated.onRemove).toHaveBeenCalledOnce();
    cleanup();
    const unrated = show(null);
    unrated.slider.focus();
    await userEvent.keyboard("{Delete}");
    expect(unrated.onRemove).not.toHaveBeenCalled();
  });
});
