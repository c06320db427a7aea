import { describe, expect, it } from "vitest";

import { baseline, figure, intervalCoverage, shareText, statedCoverage } from "./metrics";

const VERSION = {
  metrics: { known: { rmse: 0.93, coverage90: 0.887 }, new: { rmse: null }, baselines: { known: { rmse: 0.97 } } },
  hyperparameters: { intervals: { coverage: 0.9 } },
};
const RMSE = { key: "rmse" };

describe("figures of a version", () => {
  it("are read by group, beside those of the baselines", () => {
    expect(figure(VERSION, "known", RMSE)).toBe(0.93);
    expect(baseline(VERSION, "known", RMSE)).toBe(0.97);
  });

  it("are null where nothing was measured", () => {
    expect(figure(VERSION, "new", RMSE)).toBeNull();
    expect(baseline(VERSION, "new", RMSE)).toBeNull();
    expect(intervalCoverage(VERSION, "new")).toBeNull();
    expect(statedCoverage({ hyperparameters: { intervals: {} } })).toBeNull();
  });

  it("say what intervals hold beside what they were made for, in hundredths", () => {
    expect(shareText(intervalCoverage(VERSION, "known"))).toBe("88.7 %");
    expect(shareText(statedCoverage(VERSION))).toBe("90.0 %");
    expect(shareText(null)).toBe("–");
  });
});
