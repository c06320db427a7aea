/** A person's own stars. */
import { useMutation, useMutationState, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

import { api, unwrap } from "./client";
import { picksKey } from "./picks";
import type { ItemSummary, RatedItem } from "./types";

const RATINGS_A_PAGE = 200;

const ratingsKey = (userId: string) => ["ratings", userId] as const;

/** All of a person's ratings, newest first. */
export function useRatings(userId: string | null) {
  return useQuery({
    queryKey: ratingsKey(userId ?? ""),
    queryFn: () => fetchRatings(userId ?? ""),
    enabled: userId !== null,
    staleTime: 60_000,
  });
}

async function fetchRatings(userId: string): Promise<RatedItem[]> {
  const ratings: RatedItem[] = [];
  let cursor: string | null = null;
  do {
    const query: { limit: number; cursor: string | null } = { limit: RATINGS_A_PAGE, cursor };
    const page = await unwrap(
      api.GET("/api/v1/users/{user_id}/ratings", { params: { path: { user_id: userId }, query } }),
    );
    ratings.push(...page.ratings);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return ratings;
}

export interface RatingChange {
  item: ItemSummary;
  /** null takes the rating away. */
  stars: number | null;
}

/**
 * Keeps or takes away a rating. It shows at once and is taken back if the server refuses. When the promise is kept,
 * the lists that depend on it have been fetched anew.
 */
export function useRate(userId: string) {
  const cache = useQueryClient();
  const mutationKey = ["rate", userId];
  const { mutateAsync } = useMutation({
    mutationKey,
    mutationFn: (change: RatingChange) => sendChange(userId, change),
    onMutate: async (change) => {
      await cache.cancelQueries({ queryKey: ratingsKey(userId) });
      const before = cache.getQueryData<RatedItem[]>(ratingsKey(userId))?.find(({ item_id }) => item_id === change.item.item_id);
      showRating(cache, userId, change.item, change.stars === null ? null : rated(change.item, change.stars));
      return before ?? null;
    },
    onError: (_error, { item }, before) => {
      showRating(cache, userId, item, before ?? null);
    },
    onSuccess: async (_nothing, { item }) => {
      await Promise.all([
        cache.invalidateQueries({ queryKey: picksKey(userId) }),
        cache.invalidateQueries({ queryKey: ["predictions", userId] }),
        cache.invalidateQueries({ queryKey: ["item", item.item_id] }),
      ]);
    },
  });
  const saving = useMutationState({
    filters: { mutationKey, status: "pending" },
    select: ({ state }) => (state.variables as RatingChange).item.item_id,
  });
  return { rate: mutateAsync, saving };
}

async function sendChange(userId: string, { item, stars }: RatingChange): Promise<void> {
  const params = { path: { user_id: userId, item_id: item.item_id } };
  const path = "/api/v1/users/{user_id}/ratings/{item_id}";
  if (stars === null) await unwrap(api.DELETE(path, { params }));
  else await unwrap(api.PUT(path, { params, body: { rating: stars } }));
}

function rated({ item_id, title, year, genres }: ItemSummary, stars: number): RatedItem {
  return { item_id, title, year, genres, rating: stars, rated_at: new Date().toISOString() };
}

/** Writes one rating, or its absence, into what is cached; other changes under way are left alone. */
function showRating(cache: QueryClient, userId: string, { item_id }: ItemSummary, rating: RatedItem | null): void {
  cache.setQueryData<RatedItem[]>(ratingsKey(userId), (known) => {
    if (!known) return known;
    if (rating && known.some((other) => other.item_id === item_id)) {
      return known.map((other) => (other.item_id === item_id ? rating : other));
    }
    const others = known.filter((other) => other.item_id !== item_id);
    return rating ? [rating, ...others] : others;
  });
}
