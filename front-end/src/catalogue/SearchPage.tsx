import type { KeyboardEvent } from "react";
import { useSearchParams } from "react-router";

import { useCatalogue } from "../api/catalogue";
import { usePredictions } from "../api/picks";
import { useRatings } from "../api/ratings";
import type { Item } from "../api/types";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { usePageTitle } from "../shell/usePageTitle";
import { CategoryFilter } from "./CategoryFilter";
import { PosterGrid } from "./PosterGrid";
import styles from "./SearchPage.module.css";
import { ownRating } from "./ShelfCard";
import { TitleCard } from "./TitleCard";

export function SearchPage({ userId }: { userId: string | null }) {
  const [search, setSearch] = useSearchParams();
  const query = search.get("q") ?? "";
  const category = search.get("category");
  usePageTitle(query === "" ? "All titles" : `“${query}”`);
  const found = useCatalogue(query, category);
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const total = found.data?.pages[0]?.total;
  const choose = (name: string | null) => {
    setSearch(name === null ? { q: query } : { q: query, category: name }, { replace: true });
  };
  return (
    <div className="stack">
      <div className={styles.head}>
        <h1>{query === "" ? "All titles" : `“${query}”`}</h1>
        <p role="status" className="soft">
          {found.isPending ? "Looking…" : total !== undefined && countText(total)}
        </p>
      </div>
      <CategoryFilter chosen={category} onChoose={choose} />
      {found.isPending && <Loading label="Searching" shape="poster" count={12} />}
      {found.isError && <Problem error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && items.length === 0 && (
        <Empty title="No title matches">
          <p>Try fewer letters, another spelling, or all categories.</p>
        </Empty>
      )}
      <Results items={items} stale={found.isPlaceholderData} userId={userId} />
      {found.hasNextPage && (
        <button
          type="button"
          className={`button quiet ${styles.more ?? ""}`}
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {found.isFetchingNextPage ? "Fetching more…" : "Show more titles"}
        </button>
      )}
    </div>
  );
}

function countText(total: number): string {
  return total === 1 ? "1 title" : `${total.toLocaleString("en")} titles`;
}

function Results({ items, stale, userId }: { items: Item[]; stale: boolean; userId: string | null }) {
  const predictions = usePredictions(
    userId,
    items.map(({ item_id }) => item_id),
  );
  const { data: ratings } = useRatings(userId);
  const own = new Map(ratings?.map(({ item_id, rating }) => [item_id, rating]));
  return (
    // The arrow keys add to Tab, which goes through the same links one by one.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div onKeyDown={roam}>
      <PosterGrid stale={stale}>
        {items.map((item) => {
          const rating = own.get(item.item_id) ?? null;
          const expected = rating === null ? predictions.data?.get(item.item_id) : null;
          return (
            <li key={item.item_id}>
              <TitleCard item={item} expected={expected} tag={ownRating(rating)} result />
            </li>
          );
        })}
      </PosterGrid>
    </div>
  );
}

/** Arrow down and up go from result to result. */
function roam(event: KeyboardEvent<HTMLElement>) {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  const results = [...event.currentTarget.querySelectorAll<HTMLElement>("a[data-result]")];
  const at = results.findIndex((result) => result === document.activeElement);
  const next = results[at + step];
  if (at < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
