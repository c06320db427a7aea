import { memo, type ReactNode } from "react";
import { Link } from "react-router";

import type { ItemSummary } from "../api/types";
import { paths } from "../app/paths";
import { Poster } from "../poster/Poster";
import { PredictedStars } from "./PredictedStars";
import styles from "./TitleCard.module.css";
import { spokenTitle } from "./titles";

interface TitleCardProps {
  item: ItemSummary;
  stars?: number | null | undefined;
  /** A word beside the stars: where the title came from, or the person's own rating. */
  tag?: string | undefined;
  /** Whether arrow down in the search box may come here. */
  result?: boolean;
  children?: ReactNode;
}

/** A title as its poster, with its facts in words below. */
export const TitleCard = memo(function TitleCard({ item, stars, tag, result, children }: TitleCardProps) {
  const { main } = spokenTitle(item.title, item.year);
  return (
    <article className={styles.card}>
      <Link to={paths.item(item.item_id)} className={styles.link} data-result={result ? "" : undefined}>
        <span className={styles.poster}>
          <Poster id={item.item_id} title={main} year={item.year} genres={item.genres} />
        </span>
        <h3 className={styles.title}>{main}</h3>
      </Link>
      <p className={styles.facts}>{[item.year, item.genres.join(", ")].filter(Boolean).join(" · ")}</p>
      {(stars != null || tag) && (
        <p className={styles.stars}>
          {stars != null && <PredictedStars stars={stars} />}
          {tag && <span className={styles.tag}>{tag}</span>}
        </p>
      )}
      {children}
    </article>
  );
});
