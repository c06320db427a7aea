import { useLayoutEffect, useRef, type FocusEvent } from "react";

/**
 * Keeps the keyboard's place in a list whose entries come and go. A title that is rated leaves the list, and with it
 * the control that had the focus: the title that takes its place gets it, so that the next can be rated at once.
 */
export function useKeepPlace(items: readonly unknown[]) {
  const list = useRef<HTMLDivElement>(null);
  const place = useRef<number | null>(null);
  useLayoutEffect(() => {
    if (place.current === null || document.activeElement !== document.body) return;
    const sliders = list.current?.querySelectorAll<HTMLElement>("[role=slider]") ?? [];
    sliders[Math.min(place.current, sliders.length - 1)]?.focus();
  }, [items]);
  return {
    ref: list,
    onFocus: ({ target }: FocusEvent) => {
      const entries = [...(list.current?.querySelectorAll("li") ?? [])];
      place.current = entries.findIndex((entry) => entry.contains(target));
    },
    onBlur: ({ relatedTarget }: FocusEvent) => {
      // A control that is removed says nothing, or has no successor; only a move elsewhere gives the place up.
      if (relatedTarget !== null) place.current = null;
    },
  };
}
