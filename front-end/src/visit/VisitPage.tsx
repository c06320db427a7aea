import { useState } from "react";

import { useBoard } from "../api/catalogue";
import { useVisitorPicks } from "../api/picks";
import type { ItemSummary } from "../api/types";
import { PosterGrid } from "../catalogue/PosterGrid";
import { ShelfCard } from "../catalogue/ShelfCard";
import { TitleCard } from "../catalogue/TitleCard";
import { spokenTitle } from "../catalogue/titles";
import { StarSlider } from "../ratings/StarSlider";
import { Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import { useServedModel } from "../shell/servedModel";
import { usePageTitle } from "../shell/usePageTitle";

const OFFERED = 18;
const PICKS = 12;

/** For somebody without a profile: a few stars, a first list, and nothing of it kept. */
export function VisitPage() {
  usePageTitle("Rate a few titles");
  const popular = useBoard("popular", OFFERED, null);
  const [stars, setStars] = useState<ReadonlyMap<string, number>>(new Map());
  const rate = (itemId: string, value: number | null) => {
    const next = new Map(stars);
    if (value === null) next.delete(itemId);
    else next.set(itemId, value);
    setStars(next);
  };
  return (
    <div className="page">
      <div className="stack">
        <h1>Rate a few titles</h1>
        <p>Give stars to what you have seen; your picks follow at once. Nothing of it is kept.</p>
      </div>
      {stars.size > 0 && <VisitorPicks stars={stars} />}
      <Section title="Have you seen these?" aside={<p role="status">{stars.size} rated</p>}>
        {popular.isPending && <Loading label="Fetching titles" shape="poster" count={12} />}
        {popular.isError && <Problem error={popular.error} onRetry={() => void popular.refetch()} />}
        {popular.data && (
          <PosterGrid>
            {popular.data.items.map((item) => (
              <li key={item.item_id}>
                <VisitorCard item={item} value={stars.get(item.item_id) ?? null} onRate={rate} />
              </li>
            ))}
          </PosterGrid>
        )}
      </Section>
    </div>
  );
}

interface VisitorCardProps {
  item: ItemSummary;
  value: number | null;
  onRate: (itemId: string, stars: number | null) => void;
}

function VisitorCard({ item, value, onRate }: VisitorCardProps) {
  return (
    <TitleCard item={item}>
      <StarSlider
        title={spokenTitle(item.title, item.year).main}
        value={value}
        onRate={(stars) => {
          onRate(item.item_id, stars);
        }}
        onRemove={() => {
          onRate(item.item_id, null);
        }}
      />
    </TitleCard>
  );
}

function VisitorPicks({ stars }: { stars: ReadonlyMap<string, number> }) {
  const ratings = Array.from(stars, ([item_id, rating]) => ({ item_id, rating }));
  const picks = useVisitorPicks(ratings, PICKS);
  useServedModel(picks.data?.model_version);
  return (
    <Section title="Your first picks">
      {picks.isPending && <Loading label="Finding your picks" shape="poster" count={6} />}
      {picks.isError && <Problem error={picks.error} onRetry={() => void picks.refetch()} />}
      {picks.data && (
        <PosterGrid layout="shelf" stale={picks.isPlaceholderData}>
          {picks.data.items.map((item) => (
            <li key={item.item_id}>
              <ShelfCard item={item} own={null} />
            </li>
          ))}
        </PosterGrid>
      )}
    </Section>
  );
}
