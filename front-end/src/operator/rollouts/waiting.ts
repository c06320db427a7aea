/** What a rollout waits for now, in a sentence or two. */
import { counted, percentText } from "../figures";
import { clockText, durationText } from "../times";
import { measure, type Finding } from "./findings";
import { conditions } from "./presets";
import type { Course } from "./stages";

export interface Waiting extends Course {
  challenger: number;
  champion: number;
  /** Lists that both have made while the challenger was in the shadow. */
  compared: number;
  findings: readonly Finding[];
  /** Workers that have the challenger in memory, of those that live; null where that is not known. */
  warm: { warm: number; alive: number } | null;
  outcome: string | null;
}

/** `now` is in milliseconds since 1970. */
export function waitingText(rollout: Waiting, now: number): string {
  switch (rollout.state) {
    case "planned":
      return warmingText(rollout);
    case "shadow":
      return shadowText(rollout, now);
    case "canary":
      return canaryText(rollout, now);
    case "promoted":
      return `Version ${rollout.challenger} serves everybody.`;
    case "rolled_back":
      return `Version ${rollout.challenger} was found worse and sent back. Version ${rollout.champion} stayed champion.`;
    case "inconclusive":
      return `Nothing was sure when the longest time was over. Version ${rollout.champion} stayed champion.`;
    case "aborted":
      return `The rollout was stopped. Version ${rollout.champion} stayed champion.`;
  }
}

function warmingText({ challenger, warm }: Waiting): string {
  const wanted = `Waiting until every worker has version ${challenger} in memory`;
  return warm === null ? `${wanted}.` : `${wanted}: ${warm.warm} of ${warm.alive} ${warm.warm === 1 ? "has" : "have"} it.`;
}

function shadowText({ challenger, plan, steps, compared }: Waiting, now: number): string {
  const seen = `Version ${challenger} is asked what the champion is asked; nobody sees its lists.`;
  const least = plan.shadow ? conditions(plan.shadow.minutes, plan.shadow.lists, "list", "lists") : "";
  if (least === "") return `${seen} The next stage begins in a moment.`;
  const soFar = `${durationText(elapsed(steps.at(-1)?.began_at, now))} and ${counted(compared, "list", "lists")} so far`;
  return `${seen} That lasts for ${least} at least: ${soFar}.`;
}

function canaryText(rollout: Waiting, now: number): string {
  const current = rollout.steps.at(-1);
  const share = current?.share ?? 0;
  const seen = `${percentText(share)} of the people see version ${rollout.challenger}.`;
  const planned = rollout.plan.steps.find((step) => Math.abs(step.share - share) < 1e-9);
  const last = rollout.plan.steps.at(-1) === planned;
  const least = planned ? conditions(planned.minutes, planned.people, "person", "people") : "";
  const stay = least === "" ? "" : ` That lasts for ${least} at least: ${durationText(elapsed(current?.began_at, now))} so far.`;
  return `${seen}${stay} ${last ? judgedText(rollout) : "It goes on as long as nothing is worse."}`;
}

/** The last step lasts until the judge is sure, or the longest time is over. */
function judgedText({ findings, plan, created_at, champion }: Waiting): string {
  const open = findings.filter(({ verdict }) => verdict === "inconclusive").map(({ metric }) => measure(metric).name.toLowerCase());
  const until = new Date(Date.parse(created_at) + plan.longest_hours * 3_600_000).toISOString();
  const unsure = open.length === 0 ? "" : ` Still open: ${listed(open)}.`;
  return `It becomes champion when the judge is sure that nothing is worse beyond its margin.${unsure} If that lasts until ${clockText(until)}, version ${champion} stays.`;
}

function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}

function elapsed(since: string | undefined, now: number): number {
  return since === undefined ? 0 : Math.max(0, (now - Date.parse(since)) / 1000);
}
