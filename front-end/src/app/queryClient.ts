import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { ApiProblem } from "../api/problem";
import { SESSION } from "../api/session";

const RETRIES = 2;

/** Retries what may pass (no answer, a server starting); asks anew who one is when an answer says 401. */
export function createQueryClient(): QueryClient {
  const noticeSignedOut = (error: Error) => {
    if (error instanceof ApiProblem && error.status === 401) void client.invalidateQueries({ queryKey: SESSION });
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError: noticeSignedOut }),
    mutationCache: new MutationCache({ onError: noticeSignedOut }),
    defaultOptions: {
      // The server may be this very machine: try even where the browser thinks it is offline.
      mutations: { networkMode: "always" },
      queries: {
        networkMode: "always",
        staleTime: 15_000,
        retry: (failures, error) => failures < RETRIES && mayPass(error),
      },
    },
  });
  return client;
}

function mayPass(error: Error): boolean {
  return error instanceof ApiProblem && (error.status === 0 || error.status >= 502);
}
