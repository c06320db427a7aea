import { describe, expect, it } from "vitest";

import { rollbackTargets } from "./returning";

const NOW = Date.parse("2026-03-01T10:00:00Z");

function version(number: number, more: { state?: string; serving?: boolean; served_at?: string | null; purge_after?: string | null } = {}) {
  return { version: number, state: "approved", serving: false, served_at: "2026-02-01T10:00:00Z", purge_after: null, ...more };
}

describe("a rollback", () => {
  it("may return to approved versions that have served, inside their time, the previous champion first", () => {
    const versions = [
      version(7, { served_at: null, purge_after: "2026-03-09T10:00:00Z" }),
      version(6, { serving: true }),
      version(5, { state: "validated" }),
      version(4),
      version(3, { purge_after: "2026-03-09T10:00:00Z" }),
      version(2, { purge_after: "2026-02-28T10:00:00Z" }),
      version(1, { state: "retired" }),
    ];
    expect(rollbackTargets(versions, 3, NOW).map(({ version: number }) => number)).toEqual([3, 4]);
  });

  it("has nowhere to go when nothing else was approved", () => {
    expect(rollbackTargets([version(1, { serving: true })], null, NOW)).toEqual([]);
  });
});
