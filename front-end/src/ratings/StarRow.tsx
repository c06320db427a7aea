import styles from "./StarRow.module.css";

const STAR = "M12 1.8l3.1 6.6 7.2.9-5.3 5 1.4 7.1L12 17.9l-6.4 3.5 1.4-7.1-5.3-5 7.2-.9z";

/** Five stars, filled up to a value. A picture only. */
export function StarRow({ value }: { value: number }) {
  return (
    <span className={styles.row} aria-hidden="true">
      {[0, 1, 2, 3, 4].map((star) => (
        <span key={star} className={styles.star} data-fill={fill(value - star)}>
          <svg viewBox="0 0 24 24" focusable="false">
            <path d={STAR} className={styles.empty} />
            <path d={STAR} className={styles.full} />
          </svg>
        </span>
      ))}
    </span>
  );
}

function fill(share: number): "none" | "half" | "all" {
  if (share >= 0.75) return "all";
  return share >= 0.25 ? "half" : "none";
}
