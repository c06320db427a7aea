import { useId, useState, type RefObject, type SyntheticEvent } from "react";

import { useRollback } from "../api/operations";
import { useAnnounce } from "../shell/announcer";
import { Problem } from "../shell/Problem";
import styles from "./RollbackDialog.module.css";

interface RollbackDialogProps {
  ref: RefObject<HTMLDialogElement | null>;
  from: number;
  to: number;
  /** The deployment that the operator saw: if it has changed since, the server refuses. */
  revision: number;
}

export function RollbackDialog({ ref, from, to, revision }: RollbackDialogProps) {
  const [reason, setReason] = useState("");
  const rollback = useRollback();
  const announce = useAnnounce();
  const id = useId();
  const close = () => {
    ref.current?.close();
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    rollback.mutate(
      { reason, expected_revision: revision },
      {
        onSuccess: () => {
          close();
          setReason("");
          announce({ text: `Rolled back: version ${to} serves instead of ${from}.` });
        },
      },
    );
  };
  return (
    <dialog ref={ref} className={styles.dialog} aria-labelledby={`${id}-title`}>
      <form className="stack" onSubmit={submit}>
        <h2 id={`${id}-title`}>Roll back to version {to}?</h2>
        <p>Version {from} stops serving within seconds. The audit trail keeps your reason.</p>
        <div>
          <label htmlFor={`${id}-reason`} className="label">
            Reason
          </label>
          <textarea
            id={`${id}-reason`}
            className="field"
            required
            rows={3}
            maxLength={1000}
            value={reason}
            onChange={({ target }) => {
              setReason(target.value);
            }}
          />
        </div>
        {rollback.isError && <Problem error={rollback.error} />}
        <div className="cluster">
          <button type="submit" className="button" disabled={rollback.isPending}>
            {rollback.isPending ? "Rolling back…" : "Roll back"}
          </button>
          <button type="button" className="button quiet" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}
