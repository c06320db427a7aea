import { useNavigate } from "react-router";

import { isLive, useRetrain, useRuns } from "../api/operations";
import { paths } from "../app/paths";
import { useAnnounce } from "../shell/announcer";

/** Asks for a training run, and goes to watch it. */
export function RetrainButton() {
  const retrain = useRetrain();
  const runs = useRuns();
  const announce = useAnnounce();
  const navigate = useNavigate();
  const busy = runs.data?.some(isLive) ?? false;
  const start = () => {
    retrain.mutate("asked for on the operator’s desk", {
      onSuccess: (run) => {
        announce({ text: "A training run is queued." });
        void navigate(paths.run(run.run_id));
      },
      onError: (error) => {
        announce({ text: `No training run was started. ${error.message}`, tone: "bad" });
      },
    });
  };
  return (
    <button type="button" className="button" disabled={busy || retrain.isPending} onClick={start}>
      {busy ? "Training is under way" : "Retrain now"}
    </button>
  );
}
