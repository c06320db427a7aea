import { describe, expect, it } from "vitest";

import { valueAt, valueForKey } from "./stars";

describe("valueForKey", () => {
  it.each([
    ["ArrowRight", null, 0.5],
    ["ArrowRight", 3, 3.5],
    ["ArrowRight", 5, 5],
    ["ArrowLeft", 0.5, 0.5],
    ["ArrowDown", null, 0.5],
    ["PageUp", 4.5, 5],
    ["PageDown", 4.5, 3.5],
    ["Home", 4, 0.5],
    ["End", null, 5],
    ["4", 1.5, 4],
  ])("%s from %s gives %s", (key, from, to) => {
    expect(valueForKey(key, from)).toBe(to);
  });

  it.each(["0", "6", "a", "Tab", "Enter"])("leaves %s alone", (key) => {
    expect(valueForKey(key, 3)).toBeNull();
  });
});

describe("valueAt", () => {
  it.each([
    [-0.2, 0.5],
    [0, 0.5],
    [0.03, 0.5],
    [0.1, 1],
    [0.61, 3.5],
    [0.7, 4],
    [1, 5],
    [1.4, 5],
  ])("reads %s of the row as %s stars", (share, stars) => {
    expect(valueAt(share)).toBe(stars);
  });
});
