/** Rollouts: a challenger's way to champion or back; and what asks for an operator's attention. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";

import { isGoing } from "../operator/rollouts/stages";
import { api, unwrap } from "./client";

const LIVE_MS = 2000;
const CALM_MS = 10_000;

/** What the policy in force asks for: presets, sign-offs. */
export function usePolicy() {
  return useQuery({ queryKey: ["policy"], queryFn: () => unwrap(api.GET("/api/v1/policy")) });
}

export function useRollouts() {
  return useInfiniteQuery({
    queryKey: ["rollouts"],
    queryFn: ({ pageParam: cursor }) =>
      unwrap(api.GET("/api/v1/rollouts", { params: { query: { cursor, limit: 50 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: CALM_MS / 2,
  });
}

/** One rollout; asked for often while it goes. When it has ended, something else may serve: all that shows it asks anew. */
export function useRollout(rolloutId: string) {
  const forget = useForgetting();
  const rollout = useQuery({
    queryKey: ["rollout", rolloutId],
    queryFn: () => unwrap(api.GET("/api/v1/rollouts/{rollout_id}", { params: { path: { rollout_id: Number(rolloutId) } } })),
    refetchInterval: ({ state }) => (state.data && !isGoing(state.data) ? false : LIVE_MS),
  });
  const goes = rollout.data && isGoing(rollout.data);
  const went = useRef(false);
  useEffect(() => {
    if (went.current && goes === false) forget();
    went.current = goes ?? false;
  }, [goes, forget]);
  return rollout;
}

/**
 * Fetches anew what a change of a rollout changes on all screens. Nobody waits for that: what asked for the change
 * may be gone from the screen by then, and could not say any more that it was done.
 */
function useForgetting() {
  const cache = useQueryClient();
  return useCallback(() => {
    for (const kind of ["rollouts", "rollout", "deployment", "versions", "audit", "alerts"]) {
      void cache.invalidateQueries({ queryKey: [kind] });
    }
  }, [cache]);
}

export function useStartRollout() {
  const forget = useForgetting();
  return useMutation({
    mutationFn: (body: { version: number; preset: string | null; reason: string }) =>
      unwrap(api.POST("/api/v1/rollouts", { body })),
    onSuccess: forget,
  });
}

interface Moving {
  reason: string;
  /** The rollout that the operator saw: if it has changed since, the server refuses. */
  expected_revision: number;
}

interface Advancing extends Moving {
  /** To champion though the judge does not say that it may. */
  overrule: boolean;
}

export function useAdvanceRollout(rolloutId: number) {
  const forget = useForgetting();
  return useMutation({
    mutationFn: (body: Advancing) =>
      unwrap(api.POST("/api/v1/rollouts/{rollout_id}/advance", { params: { path: { rollout_id: rolloutId } }, body })),
    onSettled: forget,
  });
}

export function useAbortRollout(rolloutId: number) {
  const forget = useForgetting();
  return useMutation({
    mutationFn: (body: Moving) =>
      unwrap(api.POST("/api/v1/rollouts/{rollout_id}/abort", { params: { path: { rollout_id: rolloutId } }, body })),
    onSettled: forget,
  });
}

/** What somebody should see to. */
export function useOpenAlerts() {
  return useQuery({
    queryKey: ["alerts"],
    queryFn: async () => (await unwrap(api.GET("/api/v1/alerts", { params: { query: { open: true, limit: 50 } } }))).alerts,
    refetchInterval: CALM_MS,
  });
}

export function useResolveAlert() {
  const forget = useForgetting();
  return useMutation({
    mutationFn: (alertId: number) =>
      unwrap(api.POST("/api/v1/alerts/{alert_id}/resolve", { params: { path: { alert_id: alertId } } })),
    onSuccess: forget,
  });
}
