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
