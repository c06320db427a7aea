import { useAuditVerdict } from "../api/operations";
import { Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import styles from "./AuditSeal.module.css";
import { counted } from "./figures";
import { OutcomeWord } from "./rollouts/Words";

/** Whether the chain of hashes holds from the first row to the last. */
export function AuditSeal() {
  const verdict = useAuditVerdict();
  if (verdict.isPending) return <Loading label="Hashing every row again" shape="line" />;
  if (verdict.isError) return <Problem error={verdict.error} onRetry={() => void verdict.refetch()} />;
  const { intact, rows, head, faults } = verdict.data;
  return (
    <section className={styles.seal} data-intact={intact} aria-label="State of the audit trail">
      <p>
        <OutcomeWord state={intact ? "ok" : "failed"}>{intact ? "intact" : "broken"}</OutcomeWord>
      </p>
      {intact ? (
        <p>Every hash was computed again: {counted(rows, "row", "rows")}, none changed and none missing between.</p>
      ) : (
        <ul className={styles.faults}>
          {faults.map((fault) => (
            <li key={fault}>{fault}</li>
          ))}
        </ul>
      )}
      <p className={styles.head}>
        Head <code>{head}</code>
      </p>
      <p className="soft small">
        Keep the head elsewhere: rows that are cut off at the end are found by comparing it. Reviews and cards carry it too.
      </p>
    </section>
  );
}
