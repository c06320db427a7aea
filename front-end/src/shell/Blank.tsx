import type { ReactNode } from "react";

import styles from "./Blank.module.css";

/** A place where something will be: says so, and says what to do. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.empty}>
      <p className={styles.title}>{title}</p>
      {children}
    </div>
  );
}

interface LoadingProps {
  /** What is being fetched, for those who cannot see the grey boxes. */
  label: string;
  shape: "poster" | "ticket" | "line" | "sign";
  count?: number;
}

/** Grey boxes in the shape of what is to come. */
export function Loading({ label, shape, count = 1 }: LoadingProps) {
  return (
    <div role="status" className={styles.loading} data-shape={shape}>
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: count }, (_, i) => (
        <span key={i} className={styles.bone} />
      ))}
    </div>
  );
}
