import type { Reason } from "../api/types";
import { reasonSentences } from "./reasons";
import styles from "./WhyThis.module.css";

/** Opens to the reasons why a title is among the picks; nothing where none are known. */
export function WhyThis({ title, reasons }: { title: string; reasons: readonly Reason[] }) {
  const sentences = reasonSentences(reasons);
  if (sentences.length === 0) return null;
  return (
    <details className={styles.why}>
      <summary className={styles.ask}>
        Why this?<span className="visually-hidden"> {title}</span>
      </summary>
      <p className={styles.answer}>{sentences.join(" ")}</p>
    </details>
  );
}
