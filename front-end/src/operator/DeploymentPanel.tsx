import { useRef } from "react";

import { useDeployment } from "../api/operations";
import type { Deployment } from "../api/types";
import { Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import styles from "./DeploymentPanel.module.css";
import { RollbackDialog } from "./RollbackDialog";
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
  const { champion, previous, deployed_at, revision, worker } = deployment;
  const dialog = useRef<HTMLDialogElement>(null);
  if (!champion) return <p>No version is deployed yet.</p>;
  return (
    <div className={styles.panel}>
      <p className={styles.version}>
        <span className={styles.number}>{champion.version}</span>
        <span>
          <span className="visually-hidden">, version </span>
          {champion.semantic_version}
        </span>
      </p>
      <dl className={styles.facts}>
        <dt>Since</dt>
        <dd>{deployed_at === null ? "–" : <time dateTime={deployed_at}>{momentText(deployed_at)}</time>}</dd>
        <dt>Before it</dt>
        <dd>{previous ? `${previous.version} (${previous.semantic_version})` : "nothing"}</dd>
        <dt>This worker</dt>
        <dd>{worker.problem ?? (worker.version === champion.version ? "serves it" : `still serves ${worker.version ?? "nothing"}`)}</dd>
      </dl>
      {previous && (
        <>
          <button type="button" className="button quiet" onClick={() => dialog.current?.showModal()}>
            Roll back to version {previous.version}
          </button>
          <RollbackDialog ref={dialog} from={champion.version} to={previous.version} revision={revision} />
        </>
      )}
    </div>
  );
}
