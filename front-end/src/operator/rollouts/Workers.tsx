import { useDeployment } from "../../api/operations";
import type { RolloutDetail } from "../../api/types";
import { Loading } from "../../shell/Blank";
import { Problem } from "../../shell/Problem";
import { Section } from "../../shell/Section";
import { DataTable } from "../DataTable";
import { OutcomeWord } from "./Words";

/** What each process that serves has in memory, while a rollout goes. */
export function Workers({ rollout }: { rollout: RolloutDetail }) {
  const deployment = useDeployment();
  return (
    <Section title="Workers">
      {deployment.isPending && <Loading label="Fetching the workers" shape="line" count={2} />}
      {deployment.isError && <Problem error={deployment.error} onRetry={() => void deployment.refetch()} />}
      {deployment.data?.workers.length === 0 && <p>No worker of the inference service has been heard of lately.</p>}
      {deployment.data && deployment.data.workers.length > 0 && (
        <DataTable caption="Workers of the inference service and what they have in memory">
          <thead>
            <tr>
              <th scope="col">Worker</th>
              <th scope="col">Challenger {rollout.challenger}</th>
              <th scope="col">Serves</th>
              <th scope="col">Problem</th>
            </tr>
          </thead>
          <tbody>
            {deployment.data.workers.map(({ worker_id, host, pid, champion, challenger, problem }) => (
              <tr key={worker_id}>
                <th scope="row" data-kind="nowrap">
                  {host}, process {pid}
                </th>
                <td data-kind="nowrap">
                  {challenger === rollout.challenger ? (
                    <OutcomeWord state="ok">in memory</OutcomeWord>
                  ) : (
                    <OutcomeWord state={problem === null ? "not yet" : "failed"}>not in memory</OutcomeWord>
                  )}
                </td>
                <td data-kind="nowrap">{champion === null ? "nothing" : `version ${champion}`}</td>
                <td data-kind="prose">{problem ?? "none"}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </Section>
  );
}
