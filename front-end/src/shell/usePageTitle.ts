import { useEffect } from "react";

/** Names the tab, most telling part first. */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Marquee" : `${title} · Marquee`;
  }, [title]);
}
