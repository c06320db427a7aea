import { clockText, durationText } from "../times";
import type { Stage } from "./stages";
import styles from "./Stepper.module.css";

/** Where a rollout is: a row of bulbs, lit as far as it has come. */
export function Stepper({ stages, now }: { stages: Stage[]; now: number }) {
  return (
    <ol className={styles.stepper} aria-label="Stages">
      {stages.map((stage) => (
        <li key={stage.name} className={styles.stage} data-state={stage.state} aria-current={stage.state === "current" ? "step" : undefined}>
          <span className={styles.bulb} aria-hidden="true" />
          <span className={styles.name}>{stage.name}</span>
          <span className={styles.when}>{whenText(stage, now)}</span>
          {stage.began !== null && (
            <time className={styles.time} dateTime={stage.began}>
              {clockText(stage.began)}
            </time>
          )}
        </li>
      ))}
    </ol>
  );
}

function whenText({ state, began, ended }: Stage, now: number): string {
  const lasted = began === null ? null : durationText(((ended === null ? now : Date.parse(ended)) - Date.parse(began)) / 1000);
  switch (state) {
    case "done":
      return ended === null || lasted === null ? "reached" : `took ${lasted}`;
    case "current":
      return lasted === null ? "now" : `now, for ${lasted}`;
    case "ended":
      return lasted === null ? "ended here" : `ended after ${lasted}`;
    case "ahead":
      return "to come";
    case "left out":
      return "not reached";
  }
}
