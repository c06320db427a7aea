import { useLayoutEffect, useRef, useState } from "react";

import type { LogLine } from "../api/types";
import styles from "./LogView.module.css";

const AT_FOOT = 24; // pixels from the foot that still count as reading the newest line

/** A log that follows its newest line for as long as the reader stays at the foot. */
export function LogView({ lines, live }: { lines: LogLine[]; live: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  useLayoutEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [following, lines.length]);
  if (lines.length === 0) return <p className="soft">{live ? "Nothing written yet." : "This run wrote nothing."}</p>;
  return (
    <div
      ref={box}
      className={styles.log}
      role="log"
      aria-label="Log of the run"
      // A region that scrolls must be reachable by keyboard.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        setFollowing(scrollHeight - scrollTop - clientHeight < AT_FOOT);
      }}
    >
      {lines.map(({ seq, at, level, message }) => (
        <p key={seq} className={styles.line} data-level={level.toLowerCase()}>
          <time dateTime={at}>{at.slice(11, 19)}</time> <span className={styles.level}>{level.toLowerCase()}</span> {message}
        </p>
      ))}
    </div>
  );
}
