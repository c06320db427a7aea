import { Link } from "react-router";

import { useOpenAlerts, useResolveAlert } from "../../api/rollouts";
import type { Alert } from "../../api/types";
import { paths } from "../../app/paths";
import { useAnnounce } from "../../shell/announcer";
import { Problem } from "../../shell/Problem";
import { Section } from "../../shell/Section";
import { StartRollout } from "../rollouts/StartRollout";
import { momentText } from "../times";
import styles from "./Alerts.module.css";
import { offeredVersion } from "./offers";

/** What somebody should see to, and what may be done about it; nothing where all is well. */
export function Alerts() {
  const alerts = useOpenAlerts();
  if (alerts.isError) return <Problem error={alerts.error} onRetry={() => void alerts.refetch()} />;
  if (!alerts.data || alerts.data.length === 0) return null;
  return (
    <Section title="Alerts">
      <ul className="stack">
        {alerts.data.map((alert) => (
          <AlertCard key={alert.alert_id} alert={alert} />
        ))}
      </ul>
    </Section>
  );
}

function AlertCard({ alert }: { alert: Alert }) {
  const offered = offeredVersion(alert.offer);
  return (
    <li className={styles.alert}>
      <div>
        <p className={styles.head}>
          <strong>{alert.kind}</strong>
          <span className="soft">
            {alert.subject}, <time dateTime={alert.at}>{momentText(alert.at)}</time>
          </span>
        </p>
        <p>{alert.message}</p>
      </div>
      <div className="cluster">
        {offered !== null && (
          <>
            <StartRollout version={offered} quiet />
            <Link to={paths.version(offered)}>Look at version {offered}</Link>
          </>
        )}
        <Resolve alert={alert} />
      </div>
    </li>
  );
}

function Resolve({ alert }: { alert: Alert }) {
  const resolve = useResolveAlert();
  const announce = useAnnounce();
  const done = () => {
    resolve.mutate(alert.alert_id, {
      onSuccess: () => {
        announce({ text: "The alert is resolved." });
      },
      onError: (error) => {
        announce({ text: `The alert is still open. ${error.message}`, tone: "bad" });
      },
    });
  };
  return (
    <button
      type="button"
      className="button quiet"
      aria-label={`Resolve: ${alert.kind}, ${alert.subject}`}
      disabled={resolve.isPending}
      onClick={done}
    >
      Resolve
    </button>
  );
}
