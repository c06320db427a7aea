import { Link } from "react-router";

import { useRuns } from "../api/operations";
import type { JobRun } from "../api/types";
import { paths } from "../app/paths";
import { Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import { RetrainButton } from "./RetrainButton";
import { RunProgress, RunState } from "./RunState";
import { durationText, momentText } from "./times";

export function LatestRun() {
  const runs = useRuns();
  return (
    <Section title="Training">
      {runs.isPending && <Loading label="Fetching runs" shape="line" count={3} />}
      {runs.isError && <Problem error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.data && (runs.data[0] ? <Latest run={runs.data[0]} /> : <p>Nothing has been trained here yet.</p>)}
      <div className="cluster">
        <RetrainButton />
        <Link to={paths.runs}>All runs</Link>
      </div>
    </Section>
  );
}

function Latest({ run }: { run: JobRun }) {
  return (
    <div className="stack">
      <p className="cluster">
        <RunState state={run.state} />
        <Link to={paths.run(run.run_id)}>{momentText(run.created_at)}</Link>
        <span className="soft">{durationText(run.duration_seconds)}</span>
        {run.model_version !== null && (
          <span>
            made <Link to={paths.version(run.model_version)}>version {run.model_version}</Link>
          </span>
        )}
      </p>
      <RunProgress run={run} />
      {run.error !== null && <p>{run.error}</p>}
    </div>
  );
}
