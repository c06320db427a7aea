import styles from "./PredictedStars.module.css";

/** What the model expects the person to give. */
export function PredictedStars({ stars, size = "small" }: { stars: number; size?: "small" | "large" }) {
  const figure = stars.toFixed(1);
  return (
    <span className={styles.stars} data-size={size}>
      <span aria-hidden="true">★ {figure}</span>
      <span className="visually-hidden">Predicted {figure} of 5 stars</span>
    </span>
  );
}
