/** The way of a rollout, stage by stage, as planned and as it went. */
import { percentText } from "../figures";

export interface PlannedShadow {
  minutes: number;
  lists: number;
}

export interface PlannedStep {
  share: number;
  minutes: number;
  people: number;
}

/** A preset of the policy, as it was when the rollout began. */
export interface Plan {
  shadow: PlannedShadow | null;
  steps: readonly PlannedStep[];
  longest_hours: number;
  patch_on_guardrails: boolean;
}

/** A stretch in which nothing changed. */
export interface Stretch {
  state: string;
  share: number;
  began_at: string;
  ended_at: string | null;
}

export type RolloutState = "planned" | "shadow" | "canary" | "promoted" | "rolled_back" | "inconclusive" | "aborted";

export interface Course {
  state: RolloutState;
  created_at: string;
  ended_at: string | null;
  plan: Plan;
  steps: readonly Stretch[];
}

export interface Stage {
  name: string;
  /** What the challenger does there. */
  does: string;
  state: "done" | "current" | "ahead" | "left out" | "ended";
  /** Share of the people who see the challenger. */
  share: number;
  began: string | null;
  ended: string | null;
}

export function isGoing({ state }: { state: RolloutState }): boolean {
  return state === "planned" || state === "shadow" || state === "canary";
}

/** From warming up to champion; a rollout that ended before has its end in place of what it did not reach. */
export function stages(course: Course): Stage[] {
  const way = [warming(course), ...shadow(course), ...canary(course)];
  const champion = course.state === "promoted";
  const last: Stage = {
    name: "Champion",
    does: "serves everybody",
    state: champion ? "done" : isGoing(course) ? "ahead" : "left out",
    share: 1,
    began: champion ? course.ended_at : null,
    ended: null,
  };
  return [...way, last];
}

function warming(course: Course): Stage {
  const began = course.steps.find(({ state }) => state !== "planned")?.began_at ?? course.ended_at;
  return {
    name: "Warming up",
    does: "is loaded by every worker",
    state: course.state === "planned" ? "current" : stopped(course) && began === course.ended_at ? "ended" : "done",
    share: 0,
    began: course.created_at,
    ended: began,
  };
}

function shadow(course: Course): Stage[] {
  if (course.plan.shadow === null) return [];
  const stretch = course.steps.find(({ state }) => state === "shadow");
  return [{ name: "Shadow", does: "is asked, and nobody sees it", share: 0, ...reached(course, stretch) }];
}

function canary(course: Course): Stage[] {
  const stretches = course.steps.filter(({ state }) => state === "canary");
  return course.plan.steps.map(({ share }) => {
    const stretch = stretches.find((one) => Math.abs(one.share - share) < 1e-9);
    return { name: percentText(share), does: "is seen by that share of the people", share, ...reached(course, stretch) };
  });
}

function reached(course: Course, stretch: Stretch | undefined): Pick<Stage, "state" | "began" | "ended"> {
  if (stretch === undefined) return { state: isGoing(course) ? "ahead" : "left out", began: null, ended: null };
  const { began_at: began, ended_at: ended } = stretch;
  if (ended === null && isGoing(course)) return { state: "current", began, ended };
  const last = course.steps.at(-1) === stretch;
  return { state: last && stopped(course) ? "ended" : "done", began, ended: ended ?? course.ended_at };
}

/** Over, and not with a promotion. */
function stopped(course: Course): boolean {
  return !isGoing(course) && course.state !== "promoted";
}
