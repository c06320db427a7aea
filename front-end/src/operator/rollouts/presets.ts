/** What a preset of the policy does, in words. */
import { counted, percentText } from "../figures";
import { spanText } from "../times";
import type { Plan } from "./stages";

/** One sentence a stage, in their order. */
export function presetSteps({ shadow, steps }: Plan): string[] {
  const way = ["Every worker loads the version."];
  if (shadow) {
    const least = conditions(shadow.minutes, shadow.lists, "list", "lists");
    way.push(`Shadow: it is asked what the champion is asked, and nobody sees its lists${least === "" ? "" : `, for ${least} at least`}.`);
  }
  steps.forEach(({ share, minutes, people }) => {
    const least = conditions(minutes, people, "person", "people");
    way.push(`${percentText(share)} of the people see it${least === "" ? "" : `, for ${least} at least`}.`);
  });
  return [...way, steps.length === 0 ? "Then it serves everybody, and the champion before is kept hot." : LAST_WORD];
}

const LAST_WORD = "It becomes champion when the judge is sure that nothing is worse beyond its margin, and goes back as soon as anything surely is.";

/** What ends an undecided rollout. */
export function presetEnd({ steps, longest_hours, patch_on_guardrails }: Plan): string | null {
  if (steps.length === 0) return null;
  const unless = patch_on_guardrails ? "; new data for the champion’s own recipe may pass on the guardrails alone" : "";
  return `Undecided after ${spanText(3600 * longest_hours)}, the champion stays${unless}.`;
}

/** In half a line: "shadow, then 5 %, 25 %, 50 %". */
export function presetBrief({ shadow, steps }: Plan): string {
  const shares = steps.map(({ share }) => percentText(share).replace(" ", "\u00a0")).join(", ");
  const parts = [...(shadow ? ["shadow"] : []), ...(shares === "" ? ["everybody at once"] : [shares])];
  return parts.join(", then ");
}

export function conditions(minutes: number, number: number, one: string, many: string): string {
  const parts = [...(minutes > 0 ? [spanText(60 * minutes)] : []), ...(number > 0 ? [counted(number, one, many)] : [])];
  return parts.join(" and ");
}
