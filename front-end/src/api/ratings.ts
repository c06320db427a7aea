/** A person's own stars. */
import { useMutation, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";

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
  return useMutation({
    mutationFn: async ({ item, stars }: RatingChange): Promise<void> => {
      const params = { path: { user_id: userId, item_id: item.item_id } };
      const path = "/api/v1/users/{user_id}/ratings/{item_id}";
      if (stars === null) await unwrap(api.DELETE(path, { params }));
      else await unwrap(api.PUT(path, { params, body: { rating: stars } }));
    },
    onMutate: async (change) => {
      await cache.cancelQueries({ queryKey: ratingsKey(userId) });
      return showChange(cache, userId, change);
    },
    onError: (_error, _change, before) => {
      cache.setQueryData(ratingsKey(userId), before);
    },
    onSuccess: async (_nothing, { item }) => {
      await Promise.all([
        cache.invalidateQueries({ queryKey: picksKey(userId) }),
        cache.invalidateQueries({ queryKey: ["predictions", userId] }),
        cache.invalidateQueries({ queryKey: ["item", item.item_id] }),
      ]);
    },
  });
}

/** Writes a change into what is cached, and gives back what was there. */
function showChange(cache: QueryClient, userId: string, { item, stars }: RatingChange): RatedItem[] | undefined {
  const before = cache.getQueryData<RatedItem[]>(ratingsKey(userId));
  if (!before) return before;
  const others = before.filter(({ item_id }) => item_id !== item.item_id);
  const { item_id, title, year, genres } = item;
  const rated: RatedItem[] =
    stars === null ? [] : [{ item_id, title, year, genres, rating: stars, rated_at: new Date().toISOString() }];
  cache.setQueryData(ratingsKey(userId), [...rated, ...others]);
  return before;
}
