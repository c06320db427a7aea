/** Reviews of versions, their checklist, and putting them away. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import type { Part } from "../operator/reviews/reviewing";
import { api, unwrap } from "./client";

export function useReviews(version: number) {
  return useQuery({
    queryKey: ["versions", String(version), "reviews"],
    queryFn: () => unwrap(api.GET("/api/v1/models/{version}/reviews", { params: { path: { version } } })),
  });
}

export function useChecklist(version: number) {
  return useQuery({
    queryKey: ["versions", String(version), "checklist"],
    queryFn: () => unwrap(api.GET("/api/v1/models/{version}/checklist", { params: { path: { version } } })),
  });
}

/** Fetches versions anew, without waiting: the form that asked is gone from the screen by then. */
function useForgetting() {
  const cache = useQueryClient();
  return () => {
    void cache.invalidateQueries({ queryKey: ["versions"] });
    void cache.invalidateQueries({ queryKey: ["audit"] });
  };
}

/** One's word on a version. */
export function useReview(version: number) {
  const forget = useForgetting();
  return useMutation({
    mutationFn: (body: { part: Part; decision: "approve" | "decline"; comment: string }) =>
      unwrap(api.POST("/api/v1/models/{version}/review", { params: { path: { version } }, body })),
    onSettled: forget,
  });
}

export function useArchive(version: number) {
  const forget = useForgetting();
  return useMutation({
    mutationFn: (reason: string) =>
      unwrap(api.POST("/api/v1/models/{version}/archive", { params: { path: { version } }, body: { reason } })),
    onSuccess: forget,
  });
}
