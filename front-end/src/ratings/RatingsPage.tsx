import { useState } from "react";
import { Link } from "react-router";

import { useRatings } from "../api/ratings";
import type { RatedItem } from "../api/types";
import { paths } from "../app/paths";
import { spokenTitle } from "../catalogue/titles";
import { Poster } from "../poster/Poster";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { usePageTitle } from "../shell/usePageTitle";
import styles from "./RatingsPage.module.css";
import { StarSlider } from "./StarSlider";
import { useOwnRatings, type OwnRatings } from "./useOwnRatings";

const A_PAGE = 40;

export function RatingsPage({ userId }: { userId: string }) {
  usePageTitle("Your ratings");
  const ratings = useRatings(userId);
  const own = useOwnRatings(userId);
  const [shown, setShown] = useState(A_PAGE);
  const all = ratings.data ?? [];
  return (
    <div className="stack">
      <div className="cluster">
        <h1>Your ratings</h1>
        {ratings.isSuccess && <p className="soft">{all.length === 1 ? "1 title" : `${all.length} titles`}, newest first</p>}
      </div>
      {ratings.isPending && <Loading label="Fetching your ratings" shape="line" count={8} />}
      {ratings.isError && <Problem error={ratings.error} onRetry={() => void ratings.refetch()} />}
      {ratings.isSuccess && all.length === 0 && (
        <Empty title="You have rated nothing yet">
          <p>Each rating makes your picks better, at once.</p>
          <Link to={paths.home} className="button">
            See what is popular
          </Link>
        </Empty>
      )}
      <ul className={styles.list}>
        {all.slice(0, shown).map((item) => (
          <li key={item.item_id}>
            <RatingRow item={item} own={own} />
          </li>
        ))}
      </ul>
      {shown < all.length && (
        <button
          type="button"
          className={`button quiet ${styles.more ?? ""}`}
          onClick={() => {
            setShown(shown + A_PAGE);
          }}
        >
          Show more ratings
        </button>
      )}
    </div>
  );
}

function RatingRow({ item, own }: { item: RatedItem; own: OwnRatings }) {
  const { main } = spokenTitle(item.title, item.year);
  const saving = own.isSaving(item.item_id);
  const remove = () => {
    own.change(item, null);
  };
  return (
    <article className={styles.row}>
      <div className={styles.poster}>
        <Poster id={item.item_id} title={main} year={item.year} genres={item.genres} />
      </div>
      <div className={styles.words}>
        <h2 className={styles.title}>
          <Link to={paths.item(item.item_id)}>{main}</Link>
        </h2>
        <p className="soft small">
          {[item.year, item.genres.join(", ")].filter(Boolean).join(" · ")}
        </p>
        <p className="soft small">
          Rated on <time dateTime={item.rated_at}>{dayText(item.rated_at)}</time>
        </p>
      </div>
      <div className={styles.tools}>
        <StarSlider
          title={main}
          value={item.rating}
          busy={saving}
          onRate={(stars) => {
            own.change(item, stars);
          }}
          onRemove={remove}
        />
        <button type="button" className="button quiet" aria-label={`Remove your rating of ${main}`} disabled={saving} onClick={remove}>
          {saving ? "Saving…" : "Remove"}
        </button>
      </div>
    </article>
  );
}

function dayText(when: string): string {
  return new Date(when).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" });
}
