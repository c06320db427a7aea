import { useId, useState, type RefObject } from "react";

import { useRollback } from "../api/operations";
import type { ModelVersion } from "../api/types";
import { useAnnounce } from "../shell/announcer";
import { ReasonDialog } from "./ReasonDialog";
import { momentText } from "./times";

interface RollbackDialogProps {
  ref: RefObject<HTMLDialogElement | null>;
  from: number;
  /** What may be returned to; the first is offered. */
  targets: readonly ModelVersion[];
  /** The deployment that the operator saw: if it has changed since, the server refuses. */
  revision: number;
}

export function RollbackDialog({ ref, from, targets, revision }: RollbackDialogProps) {
  const [chosen, setChosen] = useState<number | null>(null);
  const rollback = useRollback();
  const announce = useAnnounce();
  const id = useId();
  const to = targets.find(({ version }) => version === chosen) ?? targets[0];
  if (to === undefined) return null;
  return (
    <ReasonDialog
      ref={ref}
      title={`Roll back to version ${to.version}?`}
      act="Roll back"
      acting="Rolling back…"
      pending={rollback.isPending}
      error={rollback.error}
      onSubmit={(reason, done) => {
        rollback.mutate(
          { reason, to: to.version, expected_revision: revision },
          {
            onSuccess: () => {
              done();
              announce({ text: `Rolled back: version ${to.version} serves instead of ${from}.` });
            },
          },
        );
      }}
    >
      <p>Version {from} stops serving within seconds. A rollout that goes is aborted.</p>
      <div>
        <label htmlFor={`${id}-to`} className="label">
          Return to
        </label>
        <select
          id={`${id}-to`}
          className="field"
          value={to.version}
          onChange={({ target }) => {
            setChosen(Number(target.value));
          }}
        >
          {targets.map((version) => (
            <option key={version.version} value={version.version}>
              {targetText(version)}
            </option>
          ))}
        </select>
      </div>
    </ReasonDialog>
  );
}

function targetText({ version, semantic_version, created_at, purge_after }: ModelVersion): string {
  const until = purge_after === null ? "" : `, until ${momentText(purge_after)}`;
  return `Version ${version} (${semantic_version}), made ${momentText(created_at)}${until}`;
}
