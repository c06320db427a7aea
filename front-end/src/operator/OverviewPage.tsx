import { useVersions } from "../api/operations";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import { usePageTitle } from "../shell/usePageTitle";
import { Alerts } from "./alerts/Alerts";
import { DeploymentPanel } from "./DeploymentPanel";
import { LatestRun } from "./LatestRun";
import { MetricsChart } from "./MetricsChart";
import styles from "./OverviewPage.module.css";
import { VersionsTable } from "./VersionsTable";

export function OverviewPage() {
  usePageTitle("Operator’s desk");
  const versions = useVersions();
  return (
    <div className="page">
      <h1 className="visually-hidden">Operator’s desk</h1>
      <Alerts />
      <div className={styles.top}>
        <DeploymentPanel />
        <LatestRun />
      </div>
      <Section title="Versions">
        {versions.isPending && <Loading label="Fetching versions" shape="line" count={5} />}
        {versions.isError && <Problem error={versions.error} onRetry={() => void versions.refetch()} />}
        {versions.data?.length === 0 && (
          <Empty title="No version yet">
            <p>The first training run registers one.</p>
          </Empty>
        )}
        {versions.data && versions.data.length > 0 && (
          <>
            <MetricsChart versions={versions.data} />
            <VersionsTable versions={versions.data} />
          </>
        )}
      </Section>
    </div>
  );
}
