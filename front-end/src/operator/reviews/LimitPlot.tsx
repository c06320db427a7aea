import styles from "./LimitPlot.module.css";

const WIDTH = 228;
const EDGE = 8;
const LIMIT = 0.6; // of the width: there is room to see by how much it is passed

/** How much of what is allowed is used. */
export function LimitPlot({ used, label }: { used: number; label: string }) {
  const room = WIDTH - 2 * EDGE;
  const limit = EDGE + room * LIMIT;
  const length = Math.max(2, room * Math.min(1, used * LIMIT));
  return (
    <svg width={WIDTH} height={36} className={styles.plot} role="img" aria-label={label}>
      <rect x={limit} y={0} width={WIDTH - limit} height={36} className={styles.harm} />
      <rect x={EDGE} y={13} width={length} height={10} className={styles.used} data-over={used > 1} />
      <path d={`M${limit} 0v36`} className={styles.limit} />
      <path d={`M${EDGE} 7v22`} className={styles.start} />
    </svg>
  );
}
