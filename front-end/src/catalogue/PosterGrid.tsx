import type { ReactNode } from "react";

import styles from "./PosterGrid.module.css";

interface PosterGridProps {
  children: ReactNode;
  /** One row that scrolls sideways, or as many rows as it takes. */
  layout?: "rows" | "shelf";
  stale?: boolean;
}

export function PosterGrid({ children, layout = "rows", stale = false }: PosterGridProps) {
  return (
    <ul className={layout === "rows" ? styles.rows : styles.shelf} data-stale={stale}>
      {children}
    </ul>
  );
}
