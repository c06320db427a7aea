import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";

import { useBoard, type Board } from "../api/catalogue";
import { useOpened } from "../api/events";
import { usePicks } from "../api/picks";
import type { ListedItem, Recommendations } from "../api/types";
import { paths } from "../app/paths";
import { CategoryFilter } from "../catalogue/CategoryFilter";
import { PosterGrid } from "../catalogue/PosterGrid";
import { ShelfCard } from "../catalogue/ShelfCard";
import { spokenTitle } from "../catalogue/titles";
import { RateCard } from "../ratings/RateCard";
import { useOwnRatings, type OwnRatings } from "../ratings/useOwnRatings";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import { useServedModel } from "../shell/servedModel";
import { usePageTitle } from "../shell/usePageTitle";
import type { SignLine } from "../sign/board";
import { MarqueeSign } from "../sign/MarqueeSign";
import styles from "./HomePage.module.css";
import { useKeepPlace } from "./useKeepPlace";

const PICKS = 18;
const ON_A_SHELF = 18;
const SHELVES: readonly [Board, string][] = [
  ["popular", "Popular"],
  ["trending", "Trending"],
  ["top-rated", "Top rated"],
  ["latest", "New"],
];

export function HomePage({ userId }: { userId: string }) {
  usePageTitle("Top picks for you");
  const [search, setSearch] = useSearchParams();
  const category = search.get("category");
  const picks = usePicks(userId, PICKS, category);
  const ratings = useOwnRatings(userId);
  useServedModel(picks.data?.model_version);
  const choose = (name: string | null) => {
    setSearch(name === null ? {} : { category: name }, { replace: true, preventScrollReset: true });
  };
  return (
    <div className="page">
      <h1 className="visually-hidden">Top picks for you</h1>
      {picks.isPending && <Loading label="Lighting the sign" shape="sign" />}
      {picks.data?.items[0] && <Feature userId={userId} pick={picks.data.items[0]} token={picks.data.token} />}
      <div className="stack">
        <CategoryFilter chosen={category} onChoose={choose} />
        <Section title={category === null ? "Top picks for you" : `Top picks in ${category}`}>
          {picks.isPending && <Loading label="Fetching your picks" shape="poster" count={12} />}
          {picks.isError && <Problem error={picks.error} onRetry={() => void picks.refetch()} />}
          {picks.data && <Picks userId={userId} picks={picks.data} stale={picks.isPlaceholderData} ratings={ratings} />}
        </Section>
      </div>
      {SHELVES.map(([board, title]) => (
        <BoardShelf key={board} board={board} title={title} category={category} ratings={ratings} />
      ))}
    </div>
  );
}

function Feature({ userId, pick, token }: { userId: string; pick: ListedItem; token: string }) {
  const opened = useOpened(userId, token);
  const { main } = spokenTitle(pick.title, pick.year);
  const facts = [pick.year, ...pick.genres.slice(0, 3)].filter(Boolean).join(" · ");
  const lines = useMemo<SignLine[]>(
    () => [
      { text: `Tonight for profile ${userId}`, weight: "small", tone: "red" },
      { text: main, weight: "headline", tone: "ink" },
      { text: facts, weight: "small", tone: "ink" },
    ],
    [userId, main, facts],
  );
  return (
    <Link
      to={paths.item(pick.item_id)}
      className={styles.feature}
      onClick={() => {
        opened(pick.item_id);
      }}
    >
      <span className="visually-hidden">Tonight’s feature: {main}</span>
      <MarqueeSign lines={lines} />
    </Link>
  );
}

interface PicksProps {
  userId: string;
  picks: Recommendations;
  stale: boolean;
  ratings: OwnRatings;
}

function Picks({ userId, picks, stale, ratings }: PicksProps) {
  const opened = useOpened(userId, picks.token);
  if (picks.items.length === 0) {
    return (
      <Empty title="Nothing left to pick">
        <p>You have rated everything here. Choose another category, or take back a rating.</p>
      </Empty>
    );
  }
  return (
    <>
      {picks.notice && <p className={styles.notice}>{picks.notice}</p>}
      <PicksGrid items={picks.items} stale={stale} ratings={ratings} onOpen={opened} />
    </>
  );
}

interface PicksGridProps {
  items: ListedItem[];
  stale: boolean;
  ratings: OwnRatings;
  onOpen: (itemId: string) => void;
}

function PicksGrid({ items, stale, ratings, onOpen }: PicksGridProps) {
  const keepPlace = useKeepPlace(items);
  return (
    <div {...keepPlace}>
      <PosterGrid stale={stale}>
        {items.map((item) => (
          <li key={item.item_id}>
            <RateCard item={item} ratings={ratings} onOpen={onOpen} />
          </li>
        ))}
      </PosterGrid>
    </div>
  );
}

interface BoardShelfProps {
  board: Board;
  title: string;
  category: string | null;
  ratings: OwnRatings;
}

function BoardShelf({ board, title, category, ratings }: BoardShelfProps) {
  const list = useBoard(board, ON_A_SHELF, category);
  return (
    <Section title={category === null ? title : `${title} in ${category}`}>
      {list.isPending && <Loading label="Fetching titles" shape="poster" count={6} />}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.data && (
        <PosterGrid layout="shelf" stale={list.isPlaceholderData}>
          {list.data.items.map((item) => (
            <li key={item.item_id}>
              <ShelfCard item={item} own={ratings.of(item.item_id)} />
            </li>
          ))}
        </PosterGrid>
      )}
    </Section>
  );
}
