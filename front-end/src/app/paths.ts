/** Where things are. Ids may hold any character. */
export const paths = {
  home: "/",
  search: (query: string) => `/search?${new URLSearchParams({ q: query }).toString()}`,
  category: (name: string) => `/?${new URLSearchParams({ category: name }).toString()}`,
  item: (id: string) => `/items/${encodeURIComponent(id)}`,
  ratings: "/ratings",
  profiles: "/profiles",
  visit: "/visit",
  operator: "/operator",
  runs: "/operator/runs",
  run: (id: string) => `/operator/runs/${encodeURIComponent(id)}`,
  version: (version: number) => `/operator/versions/${version}`,
  rollouts: "/operator/rollouts",
  rollout: (id: number) => `/operator/rollouts/${id}`,
  audit: "/operator/audit",
} as const;

/** The id in an item's address. The router's own parameter would make a slash of an id's `%2F`. */
export function itemIdIn(pathname: string): string {
  const encoded = pathname.replace(/^\/items\//i, "").replace(/\/+$/, "");
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded; // no address that was made here: there is no such item
  }
}
