import { useRef } from "react";

import { useAbortRollout, useAdvanceRollout } from "../../api/rollouts";
import type { RolloutDetail } from "../../api/types";
import { useAnnounce } from "../../shell/announcer";
import { percentText } from "../figures";
import { ReasonDialog } from "../ReasonDialog";
import { stages, type Course } from "./stages";

/** What an operator may do to a rollout that goes. */
export function RolloutActions({ rollout, course }: { rollout: RolloutDetail; course: Course }) {
  return (
    <div className="cluster">
      {rollout.state !== "planned" && <Advance rollout={rollout} course={course} />}
      <Abort rollout={rollout} />
    </div>
  );
}

function Advance({ rollout, course }: { rollout: RolloutDetail; course: Course }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const advance = useAdvanceRollout(rollout.rollout_id);
  const announce = useAnnounce();
  const next = stages(course).find(({ state }) => state === "ahead");
  const champion = next?.share === 1;
  const verdict = rollout.verdict?.verdict;
  const overrule = champion && verdict !== "better" && verdict !== "not worse";
  const share = percentText(next?.share ?? 0);
  const goal = champion ? `Make version ${rollout.challenger} champion` : `Advance to ${share}`;
  return (
    <>
      <button type="button" className="button quiet" onClick={() => dialog.current?.showModal()}>
        {goal}
      </button>
      <ReasonDialog
        ref={dialog}
        title={`${goal}?`}
        act={goal}
        acting="Advancing…"
        pending={advance.isPending}
        error={advance.error}
        onSubmit={(reason, done) => {
          advance.mutate(
            { reason, expected_revision: rollout.revision, overrule },
            {
              onSuccess: () => {
                done();
                announce({ text: champion ? `Version ${rollout.challenger} is champion.` : `The rollout goes on with ${share}.` });
              },
            },
          );
        }}
      >
        <p>
          {champion ? "It serves everybody within seconds" : `${share} of the people see version ${rollout.challenger} from then on`},
          without waiting for the judge. You can roll back at any time.
        </p>
        {overrule && <p>The judge does not say that it may: you overrule it, and the audit says so.</p>}
      </ReasonDialog>
    </>
  );
}

function Abort({ rollout }: { rollout: RolloutDetail }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const abort = useAbortRollout(rollout.rollout_id);
  const announce = useAnnounce();
  return (
    <>
      <button type="button" className="button quiet" onClick={() => dialog.current?.showModal()}>
        Abort the rollout
      </button>
      <ReasonDialog
        ref={dialog}
        title={`Abort rollout ${rollout.rollout_id}?`}
        act="Abort the rollout"
        acting="Aborting…"
        pending={abort.isPending}
        error={abort.error}
        onSubmit={(reason, done) => {
          abort.mutate(
            { reason, expected_revision: rollout.revision },
            {
              onSuccess: () => {
                done();
                announce({ text: `Rollout ${rollout.rollout_id} is aborted. Version ${rollout.champion} serves everybody.` });
              },
            },
          );
        }}
      >
        <p>
          Version {rollout.champion} serves everybody within seconds. Version {rollout.challenger} stays approved, and can be rolled
          out again.
        </p>
      </ReasonDialog>
    </>
  );
}
