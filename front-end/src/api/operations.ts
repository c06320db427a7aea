/** The operator's desk: deployment, versions, runs, audit. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, unwrap } from "./client";
import type { JobRun, LogLine } from "./types";

const LIVE_MS = 1500;
const CALM_MS = 10_000;

export function isLive({ state }: JobRun): boolean {
  return state === "queued" || state === "running";
}

export function useDeployment() {
  return useQuery({
    queryKey: ["deployment"],
    queryFn: () => unwrap(api.GET("/api/v1/deployment")),
    refetchInterval: CALM_MS / 2,
  });
}

export function useVersions() {
  return useQuery({
    queryKey: ["versions"],
    queryFn: async () => (await unwrap(api.GET("/api/v1/models"))).versions,
    refetchInterval: CALM_MS,
  });
}

export function useVersion(version: string) {
  return useQuery({
    queryKey: ["versions", version],
    queryFn: () => unwrap(api.GET("/api/v1/models/{version}", { params: { path: { version: Number(version) } } })),
  });
}

/** The newest runs; asked for often while one of them is under way. */
export function useRuns() {
  return useQuery({
    queryKey: ["runs"],
    queryFn: async () => (await unwrap(api.GET("/api/v1/jobs", { params: { query: { limit: 50 } } }))).runs,
    refetchInterval: ({ state }) => (state.data?.some(isLive) ? LIVE_MS : CALM_MS),
  });
}

export function useRun(runId: string) {
  return useQuery({
    queryKey: ["run", runId],
    queryFn: () => unwrap(api.GET("/api/v1/jobs/runs/{run_id}", { params: { path: { run_id: runId } } })),
    refetchInterval: ({ state }) => (state.data && !isLive(state.data) ? false : LIVE_MS),
  });
}

/** A run's log, line by line as it is written; each look asks only for what is new. */
export function useRunLog(runId: string, live: boolean) {
  const cache = useQueryClient();
  const queryKey = ["log", runId];
  return useQuery({
    queryKey,
    queryFn: async () => {
      const known = cache.getQueryData<LogLine[]>(queryKey) ?? [];
      return [...known, ...(await fetchLog(runId, known.at(-1)?.seq ?? 0))];
    },
    refetchInterval: live ? LIVE_MS : false,
  });
}

/** The lines behind one; the API gives a long log in pieces. */
async function fetchLog(runId: string, after: number): Promise<LogLine[]> {
  const params = { path: { run_id: runId }, query: { after } };
  const { lines } = await unwrap(api.GET("/api/v1/jobs/runs/{run_id}/log", { params }));
  const last = lines.at(-1);
  return last ? [...lines, ...(await fetchLog(runId, last.seq))] : [];
}

export function useRetrain() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => unwrap(api.POST("/api/v1/jobs/retraining/runs", { body: { reason } })),
    onSuccess: () => cache.invalidateQueries({ queryKey: ["runs"] }),
  });
}

export function useRollback() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: { reason: string; to: number; expected_revision: number }) =>
      unwrap(api.POST("/api/v1/deployment/rollback", { body })),
    onSuccess: async (deployment) => {
      cache.setQueryData(["deployment"], deployment);
      await Promise.all([
        cache.invalidateQueries({ queryKey: ["versions"] }),
        cache.invalidateQueries({ queryKey: ["rollouts"] }),
        cache.invalidateQueries({ queryKey: ["audit"] }),
      ]);
    },
  });
}

export function useAudit() {
  return useInfiniteQuery({
    queryKey: ["audit", "entries"],
    queryFn: ({ pageParam: cursor }) =>
      unwrap(api.GET("/api/v1/audit", { params: { query: { cursor, limit: 50 } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** Has the server hash every row of the audit trail again. */
export function useAuditVerdict() {
  return useQuery({ queryKey: ["audit", "verdict"], queryFn: () => unwrap(api.GET("/api/v1/audit/verify")) });
}
