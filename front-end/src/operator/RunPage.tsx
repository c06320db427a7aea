import { useEffect } from "react";
import { Link, useParams } from "react-router";

import { isLive, useRun, useRunLog } from "../api/operations";
import type { JobRun } from "../api/types";
import { paths } from "../app/paths";
import { Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import { usePageTitle } from "../shell/usePageTitle";
import { LogView } from "./LogView";
import styles from "./RunPage.module.css";
import { RunProgress, RunState } from "./RunState";
import { durationText, momentText } from "./times";

export function RunPage() {
  const { runId = "" } = useParams();
  usePageTitle("Training run");
  const run = useRun(runId);
  return (
    <div className="page">
      <div className="stack">
        <p>
          <Link to={paths.runs}>All training runs</Link>
        </p>
        <h1>Training run</h1>
        {run.isPending && <Loading label="Fetching the run" shape="line" count={3} />}
        {run.isError && <Problem error={run.error} onRetry={() => void run.refetch()} />}
        {run.data && <Facts run={run.data} />}
      </div>
      {run.data && <Log run={run.data} />}
    </div>
  );
}

function Facts({ run }: { run: JobRun }) {
  return (
    <div className={styles.facts}>
      <p className="cluster" role="status">
        <RunState state={run.state} />
        {run.model_version !== null && <Link to={paths.version(run.model_version)}>Version {run.model_version}</Link>}
      </p>
      <RunProgress run={run} />
      {run.error !== null && <p className={styles.error}>{run.error}</p>}
      <dl className={styles.list}>
        <dt>Trigger</dt>
        <dd>{run.trigger.replaceAll("_", " ")}</dd>
        <dt>Asked by</dt>
        <dd>{run.requested_by}</dd>
        {run.reason !== "" && (
          <>
            <dt>Reason</dt>
            <dd>{run.reason}</dd>
          </>
        )}
        <dt>Queued</dt>
        <dd>{momentText(run.created_at)}</dd>
        <dt>Took</dt>
        <dd>{durationText(run.duration_seconds)}</dd>
        <dt>Run</dt>
        <dd>
          <code>{run.run_id}</code>
        </dd>
      </dl>
    </div>
  );
}

function Log({ run }: { run: JobRun }) {
  const live = isLive(run);
  const log = useRunLog(run.run_id, live);
  const { refetch } = log;
  useEffect(() => {
    // The last lines may have been written after the last look.
    if (!live) void refetch();
  }, [live, refetch]);
  return (
    <Section title="Log">
      {log.isPending && <Loading label="Fetching the log" shape="line" count={5} />}
      {log.isError && <Problem error={log.error} onRetry={() => void refetch()} />}
      {log.data && <LogView lines={log.data} live={live} />}
    </Section>
  );
}
