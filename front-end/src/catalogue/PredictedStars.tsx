import { HIGHEST, LOWEST } from "../ratings/stars";
import styles from "./PredictedStars.module.css";

/** Stars that the model expects the person to give, and the interval they should lie in where the model has one. */
export interface Expected {
  stars: number | null;
  stars_low: number | null;
  stars_high: number | null;
}

interface PredictedStarsProps {
  expected: Expected;
  size?: "small" | "large";
}

/** The figure, and under it how sure the model is: on a card as a line along the scale, large in words as well. */
export function PredictedStars({ expected, size = "small" }: PredictedStarsProps) {
  const { stars, stars_low: low, stars_high: high } = expected;
  if (stars === null) return null;
  const figure = stars.toFixed(1);
  return (
    <span className={styles.predicted} data-size={size}>
      <span className={styles.figure} aria-hidden="true">
        ★ {figure}
      </span>
      <span className="visually-hidden">Predicted {figure} of 5 stars</span>
      {low !== null && high !== null && <Interval stars={stars} low={low} high={high} inWords={size === "large"} />}
    </span>
  );
}

interface IntervalProps {
  stars: number;
  low: number;
  high: number;
  inWords: boolean;
}

function Interval({ stars, low, high, inWords }: IntervalProps) {
  const ends = [low.toFixed(1), high.toFixed(1)] as const;
  const words = `likely between ${ends[0]} and ${ends[1]} stars`;
  return (
    <>
      <svg
        className={styles.range}
        role="img"
        viewBox={`${LOWEST} 0 ${HIGHEST - LOWEST} 1`}
        preserveAspectRatio="none"
        focusable="false"
      >
        <title>{words}</title>
        <rect className={styles.scale} x={LOWEST} y="0" width={HIGHEST - LOWEST} height="1" />
        <rect className={styles.likely} x={low} y="0" width={Math.max(high - low, 0)} height="1" />
        <rect className={styles.mark} x={stars - MARK / 2} y="0" width={MARK} height="1" />
      </svg>
      {inWords && (
        <span className={styles.words} aria-hidden="true">
          likely {ends[0]} to {ends[1]}
        </span>
      )}
    </>
  );
}

const MARK = 0.16; // stars wide
