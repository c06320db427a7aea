import { useId, useState, type ReactNode, type RefObject, type SyntheticEvent } from "react";

import { Problem } from "../shell/Problem";
import styles from "./ReasonDialog.module.css";

interface ReasonDialogProps {
  ref: RefObject<HTMLDialogElement | null>;
  title: string;
  /** What will happen, and what else there is to choose. */
  children: ReactNode;
  /** The button's words, at rest and under way. */
  act: string;
  acting: string;
  pending: boolean;
  error: Error | null;
  disabled?: boolean;
  /** Does it; `done` closes the dialog. */
  onSubmit: (reason: string, done: () => void) => void;
}

/** Asks before something is done to what serves, and why it is done: the audit trail keeps the reason. */
export function ReasonDialog({ ref, title, children, act, acting, pending, error, disabled = false, onSubmit }: ReasonDialogProps) {
  const [reason, setReason] = useState("");
  const id = useId();
  const close = () => {
    ref.current?.close();
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onSubmit(reason, () => {
      close();
      setReason("");
    });
  };
  return (
    <dialog ref={ref} className={styles.dialog} aria-labelledby={`${id}-title`}>
      <form className="stack" onSubmit={submit}>
        <h2 id={`${id}-title`}>{title}</h2>
        {children}
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
          <p className="soft small">The audit trail keeps it.</p>
        </div>
        {error && <Problem error={error} />}
        <div className="cluster">
          <button type="submit" className="button" disabled={disabled || pending}>
            {pending ? acting : act}
          </button>
          <button type="button" className="button quiet" onClick={close}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
}
