import type { Profile } from "../api/types";
import styles from "./Ticket.module.css";

const PAPERS = ["straw", "rose", "mint", "sky"] as const;

interface TicketProps {
  profile: Profile;
  onPick: () => void;
  disabled: boolean;
}

/** A profile as a cinema ticket. */
export function Ticket({ profile, onPick, disabled }: TicketProps) {
  const { user_id, age, gender, occupation, rating_count } = profile;
  const person = [age === null ? null : `age ${age}`, gender].filter(Boolean).join(", ");
  return (
    <button type="button" className={styles.ticket} data-paper={paper(user_id)} disabled={disabled} onClick={onPick}>
      <span className={styles.stub} aria-hidden="true">
        Admit one
      </span>
      <span className={styles.body}>
        <span className={styles.number}>
          <span className={styles.profile}>Profile</span> {user_id}
        </span>
        <span className={styles.facts}>
          <span className={styles.occupation}>{occupation ?? "No occupation given"}</span>
          {person && <span>{person}</span>}
        </span>
        <span className={styles.count}>
          {rating_count} {rating_count === 1 ? "rating" : "ratings"}
        </span>
      </span>
    </button>
  );
}

/** Neighbours in the list get different papers. */
function paper(userId: string): string {
  const last = userId.codePointAt(userId.length - 1) ?? 0;
  return PAPERS[last % PAPERS.length] ?? PAPERS[0];
}
