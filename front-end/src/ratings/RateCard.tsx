import type { ListedItem } from "../api/types";
import { TitleCard } from "../catalogue/TitleCard";
import { spokenTitle } from "../catalogue/titles";
import styles from "./RateCard.module.css";
import { StarSlider } from "./StarSlider";
import type { OwnRatings } from "./useOwnRatings";
import { WhyThis } from "./WhyThis";

const SOURCES: Record<ListedItem["source"], string> = {
  personal: "For you",
  profile: "People like you",
  similar: "Like what you liked",
  category: "Popular in your categories",
  popular: "Popular",
  pinned: "Our choice",
  explored: "Something else",
  trending: "Trending",
  "top-rated": "Top rated",
  latest: "New",
};

interface RateCardProps {
  item: ListedItem;
  ratings: OwnRatings;
  onOpen: (itemId: string) => void;
}

/** A pick that can be rated where it hangs. */
export function RateCard({ item, ratings, onOpen }: RateCardProps) {
  const { main } = spokenTitle(item.title, item.year);
  const saving = ratings.isSaving(item.item_id);
  return (
    <TitleCard item={item} expected={item} tag={SOURCES[item.source]} onOpen={onOpen}>
      <span className={styles.rate}>
        <StarSlider
          title={main}
          value={ratings.of(item.item_id)}
          busy={saving}
          onRate={(stars) => {
            ratings.change(item, stars);
          }}
        />
        {saving && <span className={styles.saving}>Saving…</span>}
      </span>
      {item.reasons && <WhyThis title={main} reasons={item.reasons} />}
    </TitleCard>
  );
}
