import { bulbs } from "../sign/board";
import styles from "./Wordmark.module.css";

const [WIDTH, HEIGHT, FRAME] = [132, 48, 8];

/** The name on its little sign. A picture: the link around it has the name in words. */
export function Wordmark() {
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} className={styles.mark} aria-hidden="true" focusable="false">
      <rect width={WIDTH} height={HEIGHT} rx={3} className={styles.frame} />
      <rect x={FRAME} y={FRAME} width={WIDTH - 2 * FRAME} height={HEIGHT - 2 * FRAME} className={styles.panel} />
      <rect x={FRAME} y={36.4} width={WIDTH - 2 * FRAME} height={1.2} className={styles.rail} />
      <text x={WIDTH / 2} y={36} textAnchor="middle" className={styles.letters}>
        MARQUEE
      </text>
      <g transform={`translate(${FRAME / 2} ${FRAME / 2})`}>
        {bulbs(WIDTH - FRAME, HEIGHT - FRAME, 8.3).map(([x, y], i) => (
          <circle key={i} cx={x} cy={y} r={1.5} className={styles.bulb} />
        ))}
      </g>
    </svg>
  );
}
