import type { RolloutState } from "./stages";
import styles from "./Words.module.css";

const STATES: Record<RolloutState, string> = {
  planned: "Warming up",
  shadow: "In the shadow",
  canary: "Canary",
  promoted: "Promoted",
  rolled_back: "Rolled back",
  inconclusive: "Inconclusive",
  aborted: "Aborted",
};

/** The state of a rollout: a word with a mark of its own, told apart without colour. */
export function RolloutStateWord({ state }: { state: RolloutState }) {
  return (
    <span className={styles.word} data-tone={STATE_TONES[state]}>
      {STATES[state]}
    </span>
  );
}

const STATE_TONES: Record<RolloutState, string> = {
  planned: "live",
  shadow: "live",
  canary: "live",
  promoted: "good",
  rolled_back: "bad",
  inconclusive: "open",
  aborted: "bad",
};

const VERDICT_TONES: Record<string, string> = {
  better: "good",
  "not worse": "good",
  warm: "good",
  sound: "good",
  worse: "bad",
  broken: "bad",
};

/** The judge's word. */
export function VerdictWord({ verdict }: { verdict: string }) {
  return (
    <span className={styles.word} data-tone={VERDICT_TONES[verdict] ?? "open"}>
      {verdict}
    </span>
  );
}

export type ItemState = "ok" | "not yet" | "failed";

const ITEM_TONES: Record<ItemState, string> = { ok: "good", "not yet": "open", failed: "bad" };

/** The outcome of something that was looked at: a gate, a line of the checklist. */
export function OutcomeWord({ state, children }: { state: ItemState; children: string }) {
  return (
    <span className={styles.word} data-tone={ITEM_TONES[state]}>
      {children}
    </span>
  );
}
