import { Link } from "react-router";

import { useRollouts } from "../../api/rollouts";
import type { Rollout } from "../../api/types";
import { paths } from "../../app/paths";
import { Empty, Loading } from "../../shell/Blank";
import { Problem } from "../../shell/Problem";
import { usePageTitle } from "../../shell/usePageTitle";
import { DataTable } from "../DataTable";
import { momentText } from "../times";
import { isGoing } from "./stages";
import { RolloutStateWord } from "./Words";

export function RolloutsPage() {
  usePageTitle("Rollouts");
  const rollouts = useRollouts();
  const found = rollouts.data?.pages.flatMap((page) => page.rollouts) ?? [];
  return (
    <div className="stack">
      <h1>Rollouts</h1>
      <p className="soft">Each takes a version from warming up to champion, or back, and keeps what was seen on the way.</p>
      {rollouts.isPending && <Loading label="Fetching rollouts" shape="line" count={6} />}
      {rollouts.isError && <Problem error={rollouts.error} onRetry={() => void rollouts.refetch()} />}
      {rollouts.isSuccess && found.length === 0 && (
        <Empty title="Nothing has been rolled out yet">
          <p>
            An approved version can be: open it under <Link to={paths.operator}>Overview</Link>.
          </p>
        </Empty>
      )}
      {found.length > 0 && <RolloutsTable rollouts={found} />}
      {rollouts.hasNextPage && (
        <button
          type="button"
          className="button quiet"
          disabled={rollouts.isFetchingNextPage}
          onClick={() => void rollouts.fetchNextPage()}
        >
          Show older rollouts
        </button>
      )}
    </div>
  );
}

function RolloutsTable({ rollouts }: { rollouts: Rollout[] }) {
  return (
    <DataTable caption="Rollouts, newest first">
      <thead>
        <tr>
          <th scope="col">Rollout</th>
          <th scope="col">State</th>
          <th scope="col">Version</th>
          <th scope="col">Beside</th>
          <th scope="col">Preset</th>
          <th scope="col">Started</th>
          <th scope="col">By</th>
          <th scope="col">Outcome</th>
        </tr>
      </thead>
      <tbody>
        {rollouts.map((rollout) => (
          <tr key={rollout.rollout_id} data-serving={isGoing(rollout)}>
            <th scope="row" data-kind="nowrap">
              <Link to={paths.rollout(rollout.rollout_id)}>{rollout.rollout_id}</Link>
            </th>
            <td>
              <RolloutStateWord state={rollout.state} />
            </td>
            <td>
              <Link to={paths.version(rollout.challenger)}>{rollout.challenger}</Link>
            </td>
            <td>
              <Link to={paths.version(rollout.champion)}>{rollout.champion}</Link>
            </td>
            <td data-kind="nowrap">{rollout.preset}</td>
            <td data-kind="nowrap">
              <time dateTime={rollout.created_at}>{momentText(rollout.created_at)}</time>
            </td>
            <td data-kind="nowrap">{rollout.requested_by}</td>
            <td data-kind="prose">{rollout.outcome ?? <span className="soft">goes on: {rollout.reason}</span>}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
