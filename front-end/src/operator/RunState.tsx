import type { JobRun } from "../api/types";
import styles from "./RunState.module.css";

const WORDS: Record<JobRun["state"], string> = {
  queued: "Queued",
  running: "Running",
  succeeded: "Succeeded",
  failed: "Failed",
};

export function RunState({ state }: { state: JobRun["state"] }) {
  return (
    <span className={styles.state} data-state={state}>
      {WORDS[state]}
    </span>
  );
}

/** How far a run is, by its own account. */
export function RunProgress({ run }: { run: JobRun }) {
  if (run.state !== "running" && run.state !== "queued") return null;
  const step = run.state === "queued" ? "Waiting for the retraining service" : (run.step ?? "Starting");
  return (
    <div className={styles.progress}>
      <span>{step}</span>
      <progress aria-label="Progress of the run" max={1} {...(run.progress === null ? {} : { value: run.progress })} />
    </div>
  );
}
