import type { ReactNode } from "react";

import styles from "./DataTable.module.css";

/** A table that scrolls sideways on a narrow screen; its region can be reached by keyboard. */
export function DataTable({ caption, children }: { caption: string; children: ReactNode }) {
  return (
    // A region that scrolls must be reachable by keyboard, or its far columns are not.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={styles.scroll} role="region" aria-label={caption} tabIndex={0}>
      <table className={styles.table}>
        <caption className="visually-hidden">{caption}</caption>
        {children}
      </table>
    </div>
  );
}
