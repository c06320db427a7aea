import { useEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

import { HIGHEST, starsText, valueAt, valueForKey } from "./stars";
import { StarRow } from "./StarRow";
import styles from "./StarSlider.module.css";

/** Keys move a draft; it is kept when the hand has rested this long, at Enter, or when focus leaves. */
const REST_MS = 900;

interface StarSliderProps {
  /** What is rated: the control's name begins "Your rating for". */
  title: string;
  value: number | null;
  onRate: (stars: number) => void;
  onRemove?: (() => void) | undefined;
  size?: "small" | "large";
  busy?: boolean;
}

/** Stars that are rated by mouse, finger or keyboard, in halves (a slider, in the words of ARIA). */
export function StarSlider({ title, value, onRate, onRemove, size = "small", busy = false }: StarSliderProps) {
  const [draft, setDraft] = useState<number | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );

  const settle = (stars: number | null) => {
    clearTimeout(timer.current);
    setDraft(null);
    if (stars !== null && stars !== value) onRate(stars);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const next = valueForKey(event.key, draft ?? value);
    if (next !== null) {
      setDraft(next);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => {
        settle(next);
      }, REST_MS);
    } else if (event.key === "Enter" || event.key === " ") settle(draft);
    else if (event.key === "Escape" && draft !== null) settle(null);
    else if ((event.key === "Delete" || event.key === "Backspace") && value !== null && onRemove) onRemove();
    else return;
    event.preventDefault();
  };
  const shown = hover ?? draft ?? value ?? 0;
  return (
    <span className={styles.control} data-size={size} data-rated={value !== null} data-busy={busy}>
      <span
        role="slider"
        tabIndex={0}
        className={styles.stars}
        aria-label={`Your rating for ${title}`}
        aria-valuemin={0}
        aria-valuemax={HIGHEST}
        aria-valuenow={draft ?? value ?? 0}
        aria-valuetext={valueText(draft, value)}
        aria-busy={busy}
        aria-describedby="star-keys"
        onKeyDown={onKeyDown}
        onBlur={() => {
          settle(draft);
        }}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setHover(under(event));
        }}
        onPointerMove={(event) => {
          setHover(under(event));
        }}
        onPointerLeave={() => {
          setHover(null);
        }}
        onPointerCancel={() => {
          setHover(null);
        }}
        onPointerUp={(event) => {
          settle(under(event));
          if (event.pointerType !== "mouse") setHover(null);
        }}
      >
        <StarRow value={shown} />
      </span>
    </span>
  );
}

function valueText(draft: number | null, value: number | null): string {
  const stars = draft ?? value;
  return stars === null ? "Not rated" : `${starsText(stars)} of 5`;
}

function under(event: PointerEvent<HTMLElement>): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  return valueAt((event.clientX - left) / width);
}

/** How the stars are worked; shown to screen readers by every slider. One in the page. */
export function StarKeys() {
  return (
    <p id="star-keys" hidden>
      Arrow keys change the rating by half a star, the keys 1 to 5 set whole stars, Enter keeps it, Delete removes it.
    </p>
  );
}
