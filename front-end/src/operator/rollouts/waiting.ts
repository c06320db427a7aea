/** What a rollout waits for now, in a sentence or two. */
import { counted, percentText } from "../figures";
import { clockText, durationText } from "../times";
import { measure, type Finding } from "./findings";
import { conditions } from "./presets";
import type { Look } from "./reading";
import type { Course, PlannedStep } from "./stages";

export interface Waiting extends Course {
  challenger: number;
  champion: number;
  step: number;
  /** The last look; null before the first. */
  look: Look | null;
}

const GUARDRAILS = ["errors", "latency", "empty", "fallback"];

/** `now` is in milliseconds since 1970. */
export function waitingText(rollout: Waiting, now: number): string {
  const { state, challenger, champion } = rollout;
  switch (state) {
    case "planned":
      return warmingText(rollout);
    case "shadow":
      return shadowText(rollout, now);
    case "canary":
      return canaryText(rollout, now);
    case "promoted":
      return `Version ${challenger} has taken the place of version ${champion}.`;
    case "rolled_back":
      return `Version ${challenger} was sent back by itself. Version ${champion} stayed champion.`;
    case "inconclusive":
      return `Nothing was sure when the longest time was over. Version ${champion} stayed champion.`;
    case "aborted":
      return `The rollout was stopped, and version ${challenger} is no challenger any more.`;
  }
}

function warmingText({ challenger, look }: Waiting): string {
  const wanted = `Waiting until every worker has version ${challenger} in memory`;
  if (look?.warm == null) return `${wanted}.`;
  if (look.workers === 0) return `${wanted}, but no worker of the inference service lives.`;
  return `${wanted}: ${look.warm} of ${look.workers} ${look.warm === 1 ? "has" : "have"} it.`;
}

function shadowText(rollout: Waiting, now: number): string {
  const seen = `Version ${rollout.challenger} is asked what the champion is asked; nobody sees its lists.`;
  const { shadow } = rollout.plan;
  const least = shadow === null ? "" : conditions(shadow.minutes, shadow.lists, "list", "lists");
  if (least === "") return seen;
  const lists = reached(rollout, "shadow");
  return `${seen} That lasts for ${least} at least: ${soFar(rollout, now, lists === null ? null : counted(lists, "list", "lists"))}.`;
}

function canaryText(rollout: Waiting, now: number): string {
  const planned = rollout.plan.steps[rollout.step - 1];
  const last = rollout.step >= rollout.plan.steps.length;
  const seen = `${percentText(planned?.share ?? 0)} of the people see version ${rollout.challenger}.`;
  return [seen, ...stepText(rollout, planned, now), last ? judgedText(rollout) : guardedText(rollout)].join(" ");
}

function stepText(rollout: Waiting, planned: PlannedStep | undefined, now: number): string[] {
  const least = planned ? conditions(planned.minutes, planned.people, "person", "people") : "";
  if (least === "") return [];
  const people = reached(rollout, "canary");
  return [`That lasts for ${least} at least: ${soFar(rollout, now, people === null ? null : counted(people, "person", "people"))}.`];
}

/** A step before the last lasts until no guardrail is open any more. */
function guardedText({ look }: Waiting): string {
  const open = openOf(look).filter(({ metric }) => GUARDRAILS.includes(metric));
  return `Then more will, if no guardrail speaks against it.${openText(open)}`;
}

/** The last step lasts until the judge is sure, or the longest time is over. */
function judgedText({ look, plan, created_at, champion }: Waiting): string {
  const until = new Date(Date.parse(created_at) + plan.longest_hours * 3_600_000).toISOString();
  return (
    "It becomes champion when the judge is sure that nothing is worse beyond its margin." +
    `${openText(openOf(look))} If that lasts until ${clockText(until)}, version ${champion} stays.`
  );
}

function openOf(look: Look | null): Finding[] {
  return look === null ? [] : look.findings.filter(({ verdict }) => verdict === "inconclusive");
}

function openText(open: readonly Finding[]): string {
  const names = open.map(({ metric }) => measure(metric).name.toLowerCase());
  const last = names.pop();
  if (last === undefined) return "";
  return ` Still open: ${names.length === 0 ? last : `${names.join(", ")} and ${last}`}.`;
}

/** What the last look counted; null where it was of another stage. */
function reached({ look, step }: Waiting, stage: string): number | null {
  return look?.stage === stage && look.step === step ? look.reached : null;
}

function soFar({ steps }: Waiting, now: number, number: string | null): string {
  const began = steps.at(-1)?.began_at;
  const time = began === undefined ? null : durationText(Math.max(0, (now - Date.parse(began)) / 1000));
  return `${[time, number].filter((part) => part !== null).join(" and ")} so far`;
}
