/** What the model says to one person. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";

import { api, ofCategory, unwrap } from "./client";

export const picksKey = (userId: string) => ["picks", userId] as const;

export function usePicks(userId: string, n: number, category: string | null) {
  return useQuery({
    queryKey: [...picksKey(userId), n, category],
    queryFn: () =>
      unwrap(
        api.GET("/api/v1/users/{user_id}/recommendations", {
          params: { path: { user_id: userId }, query: { n, explain: true, ...ofCategory(category) } },
        }),
      ),
    placeholderData: keepPreviousData,
  });
}

/** Predictions by item id, for titles that are on the screen for another reason. */
export function usePredictions(userId: string | null, itemIds: readonly string[]) {
  return useQuery({
    queryKey: ["predictions", userId, itemIds],
    enabled: userId !== null && itemIds.length > 0,
    queryFn: async () => {
      const pairs = itemIds.map((item_id) => ({ user_id: userId ?? "", item_id }));
      const { predictions } = await unwrap(api.POST("/api/v1/predictions", { body: { pairs } }));
      return new Map(predictions.map((prediction) => [prediction.item_id, prediction]));
    },
    placeholderData: keepPreviousData,
  });
}

export interface VisitorRating {
  item_id: string;
  rating: number;
}

/** A list for somebody without a profile; nothing of it is kept by the server. */
export function useVisitorPicks(ratings: readonly VisitorRating[], n: number) {
  return useQuery({
    queryKey: ["visitor", ratings, n],
    enabled: ratings.length > 0,
    queryFn: () => unwrap(api.POST("/api/v1/sessions/recommendations", { body: { ratings: [...ratings], n } })),
    placeholderData: keepPreviousData,
  });
}
