import { Link, useLocation } from "react-router";

import { useItem, useSimilar } from "../api/catalogue";
import { usePredictions } from "../api/picks";
import { ApiProblem } from "../api/problem";
import type { ItemDetail } from "../api/types";
import { itemIdIn, paths } from "../app/paths";
import { Poster } from "../poster/Poster";
import { RatingPanel } from "../ratings/RatingPanel";
import { Loading } from "../shell/Blank";
import { NotFound } from "../shell/NotFoundPage";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import { useServedModel } from "../shell/servedModel";
import { usePageTitle } from "../shell/usePageTitle";
import styles from "./ItemPage.module.css";
import { PosterGrid } from "./PosterGrid";
import { PredictedStars } from "./PredictedStars";
import { ShelfCard } from "./ShelfCard";
import { spokenTitle } from "./titles";

const SIMILAR = 12;

export function ItemPage({ userId }: { userId: string | null }) {
  const itemId = itemIdIn(useLocation().pathname);
  const item = useItem(itemId);
  usePageTitle(item.data ? spokenTitle(item.data.title, item.data.year).main : "Title");
  if (item.isPending) return <Loading label="Fetching the title" shape="sign" />;
  if (item.error instanceof ApiProblem && item.error.status === 404) {
    return <NotFound heading="No such title" title="No title of the catalogue has this address" />;
  }
  if (item.isError) {
    return (
      <div className="stack">
        <h1>This title is not showing</h1>
        <Problem error={item.error} onRetry={() => void item.refetch()} />
      </div>
    );
  }
  return (
    <div className="page">
      <Facts item={item.data} userId={userId} />
      <Similar itemId={itemId} />
    </div>
  );
}

function Facts({ item, userId }: { item: ItemDetail; userId: string | null }) {
  const { main, alternative } = spokenTitle(item.title, item.year);
  const predictions = usePredictions(userId, [item.item_id]);
  const expected = predictions.data?.get(item.item_id);
  return (
    <article className={styles.item}>
      <div className={styles.poster}>
        <Poster id={item.item_id} title={main} year={item.year} genres={item.genres} />
      </div>
      <div className={styles.words}>
        <div>
          <h1>{main}</h1>
          {alternative && <p className={styles.alternative}>{alternative}</p>}
        </div>
        <p className="cluster">
          {item.year !== null && <strong>{item.year}</strong>}
          {item.genres.map((genre) => (
            <Link key={genre} to={paths.category(genre)}>
              {genre}
            </Link>
          ))}
        </p>
        <dl className={styles.figures}>
          {expected && (
            <div>
              <dt>For you</dt>
              <dd>
                <PredictedStars expected={expected} size="large" />
              </dd>
            </div>
          )}
          <div>
            <dt>Everybody</dt>
            <dd>{everybody(item)}</dd>
          </div>
        </dl>
        {userId === null ? (
          <p>
            <Link to={paths.profiles}>Pick a profile</Link> to rate this title and see what you may think of it.
          </p>
        ) : (
          <RatingPanel item={item} userId={userId} />
        )}
        <Attributes attributes={item.attributes} />
      </div>
    </article>
  );
}

function everybody({ mean_rating, rating_count }: ItemDetail): string {
  if (mean_rating === null) return "Not rated yet";
  return `${mean_rating.toFixed(1)} of 5, from ${rating_count.toLocaleString("en")} ${rating_count === 1 ? "rating" : "ratings"}`;
}

/** Whatever else the catalogue knows, where it can be said in a line. */
function Attributes({ attributes }: { attributes: ItemDetail["attributes"] }) {
  const plain = Object.entries(attributes).filter(
    (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
  );
  if (plain.length === 0) return null;
  return (
    <dl className={styles.attributes}>
      {plain.map(([name, value]) => (
        <div key={name}>
          <dt>{name.replaceAll("_", " ")}</dt>
          <dd>{isAddress(value) ? <a href={value}>{new URL(value).hostname}</a> : value}</dd>
        </div>
      ))}
    </dl>
  );
}

function isAddress(value: string | number): value is string {
  return typeof value === "string" && /^https?:/u.test(value) && URL.canParse(value);
}

function Similar({ itemId }: { itemId: string }) {
  const similar = useSimilar(itemId, SIMILAR);
  useServedModel(similar.data?.model_version);
  return (
    <Section title="Similar titles">
      {similar.isPending && <Loading label="Fetching similar titles" shape="poster" count={6} />}
      {similar.isError && <Problem error={similar.error} onRetry={() => void similar.refetch()} />}
      {similar.data?.items.length === 0 && <p className="soft">The model knows nothing like it yet.</p>}
      {similar.data && similar.data.items.length > 0 && (
        <PosterGrid>
          {similar.data.items.map((item) => (
            <li key={item.item_id}>
              <ShelfCard item={item} own={null} />
            </li>
          ))}
        </PosterGrid>
      )}
    </Section>
  );
}
