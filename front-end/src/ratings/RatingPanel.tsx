import type { ItemSummary } from "../api/types";
import { spokenTitle } from "../catalogue/titles";
import styles from "./RatingPanel.module.css";
import { starsText } from "./stars";
import { StarSlider } from "./StarSlider";
import { useOwnRatings } from "./useOwnRatings";

/** One's own rating of a title: to give, to change, to take back. */
export function RatingPanel({ item, userId }: { item: ItemSummary; userId: string }) {
  const ratings = useOwnRatings(userId);
  const { main } = spokenTitle(item.title, item.year);
  const value = ratings.of(item.item_id);
  const saving = ratings.isSaving(item.item_id);
  const remove = () => {
    ratings.change(item, null);
  };
  return (
    <section className={styles.panel} aria-label="Your rating">
      <StarSlider
        title={main}
        value={value}
        size="large"
        busy={saving}
        onRate={(stars) => {
          ratings.change(item, stars);
        }}
        onRemove={remove}
      />
      <p className={styles.state}>{saving ? "Saving…" : value === null ? "Seen it? Rate it." : `You gave ${starsText(value)}.`}</p>
      {value !== null && (
        <button type="button" className="button quiet" disabled={saving} onClick={remove}>
          Remove rating
        </button>
      )}
    </section>
  );
}
