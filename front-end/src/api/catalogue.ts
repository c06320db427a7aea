/** What there is to see: profiles, items, lists. */
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { api, ofCategory, unwrap } from "./client";

const PROFILES_A_PAGE = 24;
const ITEMS_A_PAGE = 36;

export function useProfiles(q: string) {
  return useInfiniteQuery({
    queryKey: ["profiles", q],
    queryFn: ({ pageParam: cursor }) =>
      unwrap(api.GET("/api/v1/users", { params: { query: { q, limit: PROFILES_A_PAGE, cursor } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useCatalogue(q: string, category: string | null) {
  return useInfiniteQuery({
    queryKey: ["items", q, category],
    queryFn: ({ pageParam: cursor }) =>
      unwrap(api.GET("/api/v1/items", { params: { query: { q, category, limit: ITEMS_A_PAGE, cursor } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
}

export function useItem(itemId: string) {
  return useQuery({
    queryKey: ["item", itemId],
    queryFn: () => unwrap(api.GET("/api/v1/items/{item_id}", { params: { path: { item_id: itemId } } })),
  });
}

export function useSimilar(itemId: string, n: number) {
  return useQuery({
    queryKey: ["similar", itemId, n],
    queryFn: () =>
      unwrap(api.GET("/api/v1/items/{item_id}/similar", { params: { path: { item_id: itemId }, query: { n } } })),
  });
}

export type Board = "popular" | "trending" | "top-rated" | "latest";

export function useBoard(board: Board, n: number, category: string | null) {
  return useQuery({
    queryKey: ["board", board, n, category],
    queryFn: () =>
      unwrap(api.GET(`/api/v1/leaderboards/${board}`, { params: { query: { n, ...ofCategory(category) } } })),
    placeholderData: keepPreviousData,
  });
}

export function useCategories() {
  return useQuery({
    queryKey: ["categories"],
    queryFn: () => unwrap(api.GET("/api/v1/categories")),
    staleTime: 10 * 60_000,
  });
}
