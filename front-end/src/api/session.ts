import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { api, unwrap } from "./client";

export const SESSION = ["session"] as const;

export type Credentials = { user_id: string } | { name: string; password: string };

export function useSession() {
  return useQuery({
    queryKey: SESSION,
    queryFn: () => unwrap(api.GET("/api/v1/session")),
    staleTime: 60_000,
  });
}

/** Becoming somebody: what was fetched as somebody else is forgotten. */
export function useSignIn() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: Credentials) => unwrap(api.POST("/api/v1/session", { body })),
    onSuccess: (session) => {
      cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
      cache.setQueryData(SESSION, session);
    },
  });
}

export function useSignOut() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: () => unwrap(api.DELETE("/api/v1/session")),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: SESSION });
      cache.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION[0] });
    },
  });
}
