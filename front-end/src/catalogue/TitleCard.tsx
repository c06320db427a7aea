import { memo, type ReactNode } from "react";
import { Link } from "react-router";

import type { ItemSummary } from "../api/types";
import { paths } from "../app/paths";
import { Poster } from "../poster/Poster";
import { PredictedStars, type Expected } from "./PredictedStars";
import styles from "./TitleCard.module.css";
import { spokenTitle } from "./titles";

interface TitleCardProps {
  item: ItemSummary;
  /** What the model expects the person to give. */
  expected?: Expected | null | undefined;
  /** A word beside the stars: where the title came from, or the person's own rating. */
  tag?: string | undefined;
  /** Whether this is a result of a search: arrow down in the search box comes here. */
  result?: boolean;
  /** Called when the title is opened; the same function each time, or the card is drawn anew. */
  onOpen?: ((itemId: string) => void) | undefined;
  children?: ReactNode;
}

/** A title as its poster, with its facts in words below. */
export const TitleCard = memo(function TitleCard({ item, expected, tag, result, onOpen, children }: TitleCardProps) {
  const { main } = spokenTitle(item.title, item.year);
  const Heading = result ? "h2" : "h3"; // results stand right under the page's heading
  return (
    <article className={styles.card}>
      <Link
        to={paths.item(item.item_id)}
        className={styles.link}
        data-result={result ? "" : undefined}
        onClick={() => onOpen?.(item.item_id)}
      >
        <span className={styles.poster}>
          <Poster id={item.item_id} title={main} year={item.year} genres={item.genres} />
        </span>
        <Heading className={styles.title}>{main}</Heading>
      </Link>
      <p className={styles.facts}>{[item.year, item.genres.join(", ")].filter(Boolean).join(" · ")}</p>
      {(expected?.stars != null || tag) && (
        <p className={styles.stars}>
          {expected && <PredictedStars expected={expected} />}
          {tag && <span className={styles.tag}>{tag}</span>}
        </p>
      )}
      {children}
    </article>
  );
});
