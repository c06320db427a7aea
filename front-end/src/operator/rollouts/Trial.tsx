import { Link } from "react-router";

import { useRollout } from "../../api/rollouts";
import type { RolloutDetail } from "../../api/types";
import { paths } from "../../app/paths";
import { Problem } from "../../shell/Problem";
import { readLook, readPlan } from "./reading";
import { ShareBar } from "./ShareBar";
import { isGoing } from "./stages";
import styles from "./Trial.module.css";
import { waitingText } from "./waiting";
import { RolloutStateWord } from "./Words";

/** The challenger beside the champion: how many people see it, and what its rollout waits for. */
export function Trial({ rolloutId }: { rolloutId: number }) {
  const rollout = useRollout(String(rolloutId));
  if (rollout.isError) return <Problem error={rollout.error} onRetry={() => void rollout.refetch()} />;
  if (!rollout.data || !isGoing(rollout.data)) return null;
  return <Going rollout={rollout.data} now={rollout.dataUpdatedAt} />;
}

function Going({ rollout, now }: { rollout: RolloutDetail; now: number }) {
  const { rollout_id, challenger, champion, state, steps } = rollout;
  const waits = waitingText({ ...rollout, plan: readPlan(rollout.plan), look: readLook(rollout.verdict) }, now);
  return (
    <section className={styles.trial} aria-label="Challenger">
      <p className="cluster">
        <strong>
          Challenger: <Link to={paths.version(challenger)}>version {challenger}</Link>
        </strong>
        <RolloutStateWord state={state} />
      </p>
      <ShareBar champion={champion} challenger={challenger} share={steps.at(-1)?.share ?? 0} />
      <p className="small">{waits}</p>
      <p>
        <Link to={paths.rollout(rollout_id)}>Watch rollout {rollout_id}</Link>
      </p>
    </section>
  );
}
