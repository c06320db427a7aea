/** Why a title is among the picks, as one sentence each. */
import type { Reason } from "../api/types";
import { spokenTitle } from "../catalogue/titles";

export function reasonSentences(reasons: readonly Reason[]): string[] {
  const because = titlesOf(reasons, "because");
  const similar = titlesOf(reasons, "similar");
  return [
    ...(because.length > 0 ? [`Because of ${listed(because)}.`] : []),
    ...(similar.length > 0 ? [`Like ${listed(similar)}.`] : []),
    ...reasons.flatMap(otherSentence),
  ];
}

function titlesOf(reasons: readonly Reason[], kind: "because" | "similar"): string[] {
  return reasons.flatMap((reason) => (reason.kind === kind ? [spokenTitle(reason.title).main] : []));
}

function otherSentence(reason: Reason): string[] {
  switch (reason.kind) {
    case "because":
    case "similar":
      return [];
    case "category":
      return [`Popular in ${reason.category}, which you like.`];
    case "profile":
      return ["People like you rate it."];
    case "popular":
      return ["Popular with everybody."];
    case "explored":
      return ["Drawn at random, to find out whether you like it."];
    case "rule":
      return [`Our choice: ${reason.rule}.`];
  }
}

/** "A", "A and B", "A, B and C". */
function listed(titles: readonly string[]): string {
  const last = titles.at(-1) ?? "";
  return titles.length < 2 ? last : `${titles.slice(0, -1).join(", ")} and ${last}`;
}
