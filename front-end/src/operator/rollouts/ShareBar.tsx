import { percentText } from "../figures";
import styles from "./ShareBar.module.css";

interface ShareBarProps {
  champion: number;
  challenger: number;
  share: number;
}

/** Who sees whose lists: champion and challenger side by side, as wide as their shares of the people. */
export function ShareBar({ champion, challenger, share }: ShareBarProps) {
  return (
    <figure className={styles.figure}>
      <svg width="100%" height={14} className={styles.bar} role="img" aria-label={shareText(champion, challenger, share)}>
        <rect width="100%" height={14} className={styles.champion} />
        <rect width={`${100 * share}%`} height={14} className={styles.challenger} />
      </svg>
      <figcaption className={styles.words}>
        <span>
          <span className={styles.key} data-variant="challenger" aria-hidden="true" />
          Challenger {challenger}: {percentText(share)}
        </span>
        <span>
          <span className={styles.key} data-variant="champion" aria-hidden="true" />
          Champion {champion}: {percentText(1 - share)}
        </span>
      </figcaption>
    </figure>
  );
}

export function shareText(champion: number, challenger: number, share: number): string {
  if (share === 0) return `Everybody sees version ${champion}; nobody sees version ${challenger}`;
  return `${percentText(share)} of the people see version ${challenger}, all others version ${champion}`;
}
