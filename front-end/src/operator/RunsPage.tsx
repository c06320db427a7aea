import { Link } from "react-router";

import { useRuns } from "../api/operations";
import type { JobRun } from "../api/types";
import { paths } from "../app/paths";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { usePageTitle } from "../shell/usePageTitle";
import { DataTable } from "./DataTable";
import { RetrainButton } from "./RetrainButton";
import { RunProgress, RunState } from "./RunState";
import { durationText, momentText } from "./times";

export function RunsPage() {
  usePageTitle("Training runs");
  const runs = useRuns();
  return (
    <div className="stack">
      <div className="cluster">
        <h1>Training runs</h1>
        <RetrainButton />
      </div>
      {runs.isPending && <Loading label="Fetching runs" shape="line" count={6} />}
      {runs.isError && <Problem error={runs.error} onRetry={() => void runs.refetch()} />}
      {runs.data?.length === 0 && <Empty title="Nothing has been trained here yet" />}
      {runs.data && runs.data.length > 0 && <RunsTable runs={runs.data} />}
    </div>
  );
}

function RunsTable({ runs }: { runs: JobRun[] }) {
  return (
    <DataTable caption="Training runs, newest first">
      <thead>
        <tr>
          <th scope="col">Started</th>
          <th scope="col">State</th>
          <th scope="col">Trigger</th>
          <th scope="col">Asked by</th>
          <th scope="col" data-kind="figure">
            Took
          </th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.run_id}>
            <th scope="row" data-kind="nowrap">
              <Link to={paths.run(run.run_id)}>{momentText(run.started_at ?? run.created_at)}</Link>
            </th>
            <td>
              <RunState state={run.state} />
            </td>
            <td data-kind="nowrap">{run.trigger.replaceAll("_", " ")}</td>
            <td>{run.requested_by}</td>
            <td data-kind="figure">{durationText(run.duration_seconds)}</td>
            <td data-kind="prose">
              <Outcome run={run} />
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

function Outcome({ run }: { run: JobRun }) {
  if (run.error !== null) return run.error;
  if (run.model_version !== null) return <Link to={paths.version(run.model_version)}>Version {run.model_version}</Link>;
  return <RunProgress run={run} />;
}
