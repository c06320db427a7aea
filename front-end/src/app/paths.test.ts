import { expect, test } from "vitest";

import { itemIdIn, paths } from "./paths";

test.each(["50", "a/b", "a%2Fb", "100%", "x/y?z#w%", "two words", "🎬", "ابن", "%25"])("the address of %s leads back to it", (id) => {
  const { pathname } = new URL(paths.item(id), "http://localhost");
  expect(itemIdIn(pathname)).toBe(id);
  expect(itemIdIn(`${pathname}/`)).toBe(id);
  expect(itemIdIn(pathname.replace("/items/", "/Items/"))).toBe(id);
});

test("an address that is not encoded is taken as it stands", () => {
  expect(itemIdIn("/items/100%")).toBe("100%");
});
