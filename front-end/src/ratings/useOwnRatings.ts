import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useMemo } from "react";

import { picksKey } from "../api/picks";
import { ApiProblem } from "../api/problem";
import { useRate, useRatings } from "../api/ratings";
import type { ItemSummary, Recommendations } from "../api/types";
import { spokenTitle } from "../catalogue/titles";
import { useAnnounce, type Announcement } from "../shell/announcer";
import { starsText } from "./stars";

export interface OwnRatings {
  of: (itemId: string) => number | null;
  isSaving: (itemId: string) => boolean;
  change: (item: ItemSummary, stars: number | null) => void;
}

/** A person's ratings, to read and to change; what a change brings about is said aloud. */
export function useOwnRatings(userId: string): OwnRatings {
  const { data: ratings } = useRatings(userId);
  const { rate, saving } = useRate(userId);
  const announce = useAnnounce();
  const cache = useQueryClient();
  const stars = useMemo(() => new Map(ratings?.map(({ item_id, rating }) => [item_id, rating])), [ratings]);

  const send = async (item: ItemSummary, next: number | null, success: () => Announcement) => {
    try {
      await rate({ item, stars: next });
      announce(success());
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      announce({ text: `Your rating was not kept. ${error.message}`, tone: "bad" });
    }
  };
  const change = (item: ItemSummary, next: number | null) => {
    const before = picksOf(cache, userId);
    const previous = stars.get(item.item_id) ?? null;
    const undo = () => void send(item, previous, () => ({ text: "Undone." }));
    void send(item, next, () => ({
      text: `${said(item, next)} ${whatChanged(before, picksOf(cache, userId))}`.trim(),
      action: { label: "Undo", run: undo },
    }));
  };
  return {
    of: (itemId) => stars.get(itemId) ?? null,
    isSaving: (itemId) => saving.includes(itemId),
    change,
  };
}

function said(item: ItemSummary, stars: number | null): string {
  const { main } = spokenTitle(item.title, item.year);
  return stars === null ? `You took back your rating of ${main}.` : `You gave ${main} ${starsText(stars)}.`;
}

/** The picks that are in use on this screen, if any. */
function picksOf(cache: QueryClient, userId: string): Recommendations["items"] {
  const [active] = cache.getQueryCache().findAll({ queryKey: picksKey(userId), type: "active" });
  return (active?.state.data as Recommendations | undefined)?.items ?? [];
}

function whatChanged(before: ItemSummary[], after: ItemSummary[]): string {
  const known = new Set(before.map(({ item_id }) => item_id));
  const arrived = after.filter(({ item_id }) => !known.has(item_id));
  const [first] = arrived;
  if (before.length === 0 || !first) return "";
  const { main } = spokenTitle(first.title, first.year);
  return arrived.length === 1
    ? `Your list has changed: ${main} came in.`
    : `Your list has changed: ${main} and ${arrived.length - 1} more came in.`;
}
