import { useCallback, useEffect, useState, type ReactNode } from "react";

import { AnnouncerContext, type Announcement } from "./announcer";
import styles from "./Announcer.module.css";

const SHOWN_MS = 9000;

interface Shown {
  serial: number;
  announcement: Announcement;
}

export function Announcer({ children }: { children: ReactNode }) {
  const [shown, setShown] = useState<Shown | null>(null);
  const announce = useCallback((announcement: Announcement) => {
    setShown((before) => ({ announcement, serial: (before?.serial ?? 0) + 1 }));
  }, []);
  const dismiss = useCallback(() => {
    setShown(null);
  }, []);
  return (
    <AnnouncerContext value={announce}>
      {children}
      <div className={styles.corner} role="status" aria-live="polite">
        {shown && <Toast key={shown.serial} {...shown.announcement} onDone={dismiss} />}
      </div>
    </AnnouncerContext>
  );
}

function Toast({ text, tone = "plain", action, onDone }: Announcement & { onDone: () => void }) {
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(onDone, SHOWN_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [held, onDone]);
  const hold = () => {
    setHeld(true);
  };
  const release = () => {
    setHeld(false);
  };
  return (
    // Resting on the message keeps it: nobody has to be quick. It does nothing else, so it is no control.
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions
    <div className={styles.toast} data-tone={tone} onPointerEnter={hold} onPointerLeave={release} onFocus={hold} onBlur={release}>
      <p>{text}</p>
      {action && (
        <button
          type="button"
          className={styles.action}
          onClick={() => {
            action.run();
            onDone();
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" className={styles.action} aria-label="Dismiss message" onClick={onDone}>
        ✕
      </button>
    </div>
  );
}
