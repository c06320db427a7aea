/** Where a version stands, and what it waits for, in words. */

export type Part = "technical" | "business";

const PARTS: Record<Part, string> = { technical: "Technical", business: "Business" };

export function partName(part: Part): string {
  return PARTS[part];
}

/** Whether a text says nothing: it has no character that can be seen. */
export function isBlank(text: string): boolean {
  return !/[^\p{White_Space}\p{C}]/u.test(text);
}

export interface Reviewed {
  state: string;
  missing: readonly Part[];
}

/** What a review came to. */
export function reviewedText(version: number, { state, missing }: Reviewed): string {
  if (state === "approved") return `Version ${version} is approved.`;
  if (state === "declined") return `Version ${version} is declined.`;
  return `Your review is kept. Version ${version} still needs the ${missing.join(" and the ")} one.`;
}

export interface Standing {
  version: number;
  state: string;
  serving: boolean;
}

/** What the state of a version means for who may see it. */
export function standingText({ version, state, serving }: Standing, missing: readonly Part[]): string {
  if (serving) return "It is the champion: it serves everybody who sees no challenger.";
  switch (state) {
    case "candidate":
      return "It is trained, and no gate has judged it yet.";
    case "validated":
      return `The gates let it pass. ${waits(missing)}`;
    case "rejected":
      return "A gate did not let it pass, so it will not serve.";
    case "approved":
      return "It is approved. A rollout takes it to the people.";
    case "declined":
      return "A reviewer declined it, so it will not serve.";
    case "retired":
      return "It has served, and cannot be returned to any more.";
    case "archived":
      return "It is put away. Its record, card and audit stay.";
    default:
      return `Version ${version} is ${state}.`;
  }
}

function waits(missing: readonly Part[]): string {
  return missing.length === 0 ? "It waits for a review." : `It waits for a ${missing.join(" and a ")} review.`;
}

/** States from which a version may be put away. */
export function isArchivable({ state }: { state: string }): boolean {
  return state === "rejected" || state === "declined" || state === "retired";
}
