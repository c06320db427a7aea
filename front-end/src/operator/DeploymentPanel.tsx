import { useRef } from "react";

import { useDeployment, useVersions } from "../api/operations";
import { useRollouts } from "../api/rollouts";
import type { Deployment } from "../api/types";
import { Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import styles from "./DeploymentPanel.module.css";
import { Fact, FactList } from "./FactList";
import { rollbackTargets } from "./returning";
import { RollbackDialog } from "./RollbackDialog";
import { isGoing } from "./rollouts/stages";
import { Trial } from "./rollouts/Trial";
import { momentText } from "./times";

export function DeploymentPanel() {
  const deployment = useDeployment();
  return (
    <Section title="Now serving">
      {deployment.isPending && <Loading label="Fetching the deployment" shape="line" count={3} />}
      {deployment.isError && <Problem error={deployment.error} onRetry={() => void deployment.refetch()} />}
      {deployment.data && <Champion deployment={deployment.data} />}
    </Section>
  );
}

function Champion({ deployment }: { deployment: Deployment }) {
  const { champion, previous, deployed_at, worker } = deployment;
  const rollouts = useRollouts();
  if (!champion) return <p>No version is deployed yet.</p>;
  const going = rollouts.data?.pages[0]?.rollouts.find(isGoing);
  return (
    <div className={styles.panel}>
      <p className={styles.version}>
        <span className={styles.number}>{champion.version}</span>
        <span>
          <span className="visually-hidden">, version </span>
          {champion.semantic_version}
        </span>
      </p>
      <FactList>
        <Fact name="Since">{deployed_at === null ? "–" : <time dateTime={deployed_at}>{momentText(deployed_at)}</time>}</Fact>
        <Fact name="Before it">{previous ? `${previous.version} (${previous.semantic_version})` : "nothing"}</Fact>
        <Fact name="This worker">
          {worker.problem ?? (worker.version === champion.version ? "serves it" : `still serves ${worker.version ?? "nothing"}`)}
        </Fact>
      </FactList>
      {going && <Trial rolloutId={going.rollout_id} />}
      <Rollback deployment={deployment} champion={champion.version} />
    </div>
  );
}

/** The way back, where there is one. */
function Rollback({ deployment, champion }: { deployment: Deployment; champion: number }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const versions = useVersions();
  const targets = rollbackTargets(versions.data ?? [], deployment.previous?.version ?? null, versions.dataUpdatedAt);
  if (targets.length === 0) return null;
  return (
    <>
      <button type="button" className="button quiet" onClick={() => dialog.current?.showModal()}>
        Roll back…
      </button>
      <RollbackDialog ref={dialog} from={champion} targets={targets} revision={deployment.revision} />
    </>
  );
}
