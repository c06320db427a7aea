import type { ListedItem } from "../api/types";
import { starsText } from "../ratings/stars";
import { TitleCard } from "./TitleCard";

/** A title on a shelf: no stars to set, but one's own shown. */
export function ShelfCard({ item, own }: { item: ListedItem; own: number | null }) {
  return <TitleCard item={item} expected={own === null ? item : null} tag={ownRating(own)} />;
}

export function ownRating(own: number | null): string | undefined {
  return own === null ? undefined : `You gave ${starsText(own)}`;
}
