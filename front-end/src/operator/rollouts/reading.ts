/** A rollout's plan, what was seen last, and the shadow's sums, read out of JSON. */
import { asNumber, asObject, asObjects, asText, type JsonObject } from "../json";
import type { Finding, Verdict } from "./findings";
import type { Shadow } from "./ShadowFigures";
import type { Plan } from "./stages";

/** What the last look came to. */
export interface Look {
  /** Where the rollout was then: `warming`, `shadow` or `canary`; and at which step. */
  stage: string;
  step: number;
  /** The judge's word; before people see both versions, one of `waiting`, `warm`, `sound` and `broken`. */
  verdict: string;
  reason: string;
  findings: Finding[];
  /** Lists of the shadow, or people of the canary's step. */
  reached: number | null;
  workers: number | null;
  warm: number | null;
}

const VERDICTS: readonly Verdict[] = ["better", "not worse", "worse", "inconclusive"];

/** What is no verdict that we know says nothing: it is inconclusive. */
function readVerdict(value: unknown): Verdict {
  return VERDICTS.find((verdict) => verdict === value) ?? "inconclusive";
}

export function readLook(verdict: JsonObject | null): Look | null {
  if (verdict === null) return null;
  const reached = asObject(verdict.reached) ?? {};
  return {
    stage: asText(verdict.stage),
    step: asNumber(verdict.step) ?? 0,
    verdict: asText(verdict.verdict),
    reason: asText(verdict.reason),
    findings: asObjects(verdict.findings).map(readFinding),
    reached: asNumber(reached.people) ?? asNumber(reached.lists),
    workers: asNumber(verdict.workers),
    warm: asNumber(verdict.warm),
  };
}

function readFinding(found: JsonObject): Finding {
  return {
    metric: asText(found.metric),
    verdict: readVerdict(found.verdict),
    estimate: asNumber(found.estimate),
    low: asNumber(found.low),
    high: asNumber(found.high),
    relative: asNumber(found.relative),
    relative_low: asNumber(found.relative_low),
    relative_high: asNumber(found.relative_high),
    champion: asNumber(found.champion),
    challenger: asNumber(found.challenger),
    people_champion: asNumber(found.people_champion) ?? 0,
    people_challenger: asNumber(found.people_challenger) ?? 0,
    observations: asNumber(found.observations) ?? 0,
    level: asNumber(found.level) ?? 0,
    margin: asNumber(found.margin) ?? 0,
    reason: asText(found.reason),
  };
}

/** The preset as it was when the rollout began. */
export function readPlan(plan: JsonObject): Plan {
  const preset = asObject(plan.preset) ?? {};
  const shadow = asObject(preset.shadow);
  return {
    shadow: shadow && { minutes: asNumber(shadow.minutes) ?? 0, lists: asNumber(shadow.lists) ?? 0 },
    steps: asObjects(preset.steps).map((step) => ({
      share: asNumber(step.share) ?? 0,
      minutes: asNumber(step.minutes) ?? 0,
      people: asNumber(step.people) ?? 0,
    })),
    longest_hours: asNumber(preset.longest_hours) ?? 0,
    patch_on_guardrails: preset.patch_on_guardrails === true,
  };
}

/** For how many minutes a list may be answered, before it is counted; null where the plan does not say. */
export function readWindow(plan: JsonObject): number | null {
  return asNumber(asObject(plan.judge)?.attribution_minutes);
}

/** Means out of the sums over all workers; null before the first list. */
export function readShadow(sums: JsonObject): Shadow | null {
  const sum = (name: string) => asNumber(sums[name]) ?? 0;
  const mean = (name: string, of: string) => (sum(of) > 0 ? sum(name) / sum(of) : null);
  const [compared, errors, dropped] = [sum("compared"), sum("errors"), sum("dropped")];
  if (compared + errors + dropped === 0) return null;
  return {
    compared,
    errors,
    dropped,
    overlap: mean("overlap", "compared"),
    rank_correlation: mean("rank_correlation", "correlated"),
    stars_shift: mean("stars_shift", "starred"),
    score_shift: mean("score_shift", "scored"),
    champion_ms: mean("champion_ms", "compared"),
    challenger_ms: mean("challenger_ms", "compared"),
  };
}
