import { Link, useParams } from "react-router";

import { useVersion } from "../api/operations";
import { ApiProblem } from "../api/problem";
import type { ModelVersionDetail } from "../api/types";
import { paths } from "../app/paths";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { Section } from "../shell/Section";
import { usePageTitle } from "../shell/usePageTitle";
import { DataTable } from "./DataTable";
import { Fact, FactList } from "./FactList";
import { counted } from "./figures";
import { baseline, figure, figureText, GROUP_NAMES, GROUPS, intervalCoverage, METRICS, shareText, statedCoverage } from "./metrics";
import { algorithmText, ROLES, settings } from "./recipe";
import { Checklist } from "./reviews/Checklist";
import { readGates } from "./reviews/gates";
import { GatesTable } from "./reviews/GatesTable";
import { Standing } from "./reviews/Standing";
import { momentText } from "./times";
import styles from "./VersionPage.module.css";

/** One version: what it is made of, what it was measured at, and what it had to show. */
export function VersionPage() {
  const { version: number = "" } = useParams();
  usePageTitle(`Version ${number}`);
  const version = useVersion(number);
  const unknown = version.error instanceof ApiProblem && [404, 422].includes(version.error.status);
  return (
    <div className="page">
      <div className="stack">
        <p>
          <Link to={paths.operator}>All versions</Link>
        </p>
        <h1>Version {number}</h1>
        {version.isPending && <Loading label="Fetching the version" shape="line" count={6} />}
        {unknown && <Empty title="There is no such version" />}
        {version.isError && !unknown && <Problem error={version.error} onRetry={() => void version.refetch()} />}
        {version.data && <Facts version={version.data} />}
      </div>
      {version.data && (
        <>
          <Standing version={version.data} />
          <Gates version={version.data} />
          <Checklist version={version.data.version} />
          <Recipe version={version.data} />
          <Figures version={version.data} />
        </>
      )}
    </div>
  );
}

function Facts({ version }: { version: ModelVersionDetail }) {
  return (
    <FactList>
      <Fact name="Number">{version.semantic_version}</Fact>
      <Fact name="State">{version.serving ? <strong>serving</strong> : version.state}</Fact>
      <Fact name="Created">
        <time dateTime={version.created_at}>{momentText(version.created_at)}</time>
      </Fact>
      <Fact name="Newest rating">
        <time dateTime={version.trained_through}>{momentText(version.trained_through)}</time>
      </Fact>
      {version.purge_after !== null && (
        <Fact name={version.served_at === null ? "Can be tried again until" : "Can be returned to until"}>
          <time dateTime={version.purge_after}>{momentText(version.purge_after)}</time>
        </Fact>
      )}
      <Fact name="Trained on">
        {version.data === null ? (
          "data that are not known any more"
        ) : (
          <>
            {counted(version.data.ratings, "rating", "ratings")} of {counted(version.data.users, "user", "users")} and{" "}
            {counted(version.data.items, "item", "items")}, since {momentText(version.data.first_rated_at)}
          </>
        )}
      </Fact>
      <Fact name="Snapshot">
        <code title={version.snapshot}>{version.snapshot.slice(0, 12)}</code>
      </Fact>
      <Fact name="Run in MLflow">
        <code>{version.run_id}</code>
      </Fact>
    </FactList>
  );
}

function Recipe({ version }: { version: ModelVersionDetail }) {
  return (
    <Section title="Made of">
      <div className={styles.parts}>
        {Object.entries(ROLES).map(([role, does]) => (
          <Part key={role} does={does} algorithm={version.algorithms[role]} values={version.hyperparameters[role]} />
        ))}
      </div>
    </Section>
  );
}

interface PartProps {
  does: string;
  algorithm: string | undefined;
  values: unknown;
}

function Part({ does, algorithm, values }: PartProps) {
  const shown = settings(values ?? {});
  return (
    <section className={styles.part} aria-label={does}>
      <h3>{does}</h3>
      {algorithm !== undefined && <p>{algorithmText(algorithm, values)}</p>}
      {shown.length === 0 && algorithm === undefined && <p className="soft">none</p>}
      <dl className={styles.settings}>
        {shown.map(({ name, value }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Figures({ version }: { version: ModelVersionDetail }) {
  const stated = statedCoverage(version);
  return (
    <Section title="Figures">
      <p className="soft">
        On the newest ratings, by models that were trained without them. Baselines: averages for the stars, popularity for the
        lists.
      </p>
      <DataTable caption="Figures of the version and of the baselines on the temporal split">
        <thead>
          <tr>
            <th scope="col" rowSpan={2}>
              Figure
            </th>
            {GROUPS.map((group) => (
              <th key={group} scope="colgroup" colSpan={2} data-kind="group">
                {GROUP_NAMES[group]}
              </th>
            ))}
          </tr>
          <tr>
            {GROUPS.map((group) => [
              <th key={`${group}-own`} scope="col" data-kind="figure">
                This version
              </th>,
              <th key={`${group}-baseline`} scope="col" data-kind="figure">
                Baselines
              </th>,
            ])}
          </tr>
        </thead>
        <tbody>
          {METRICS.map((metric) => (
            <tr key={metric.key}>
              <th scope="row">
                {metric.name} <span className="soft">({metric.better} is better)</span>
              </th>
              {GROUPS.map((group) => [
                <td key={`${group}-own`} data-kind="figure">
                  {figureText(figure(version, group, metric))}
                </td>,
                <td key={`${group}-baseline`} data-kind="figure">
                  {figureText(baseline(version, group, metric))}
                </td>,
              ])}
            </tr>
          ))}
          <tr>
            <th scope="row">
              Ratings within the interval{" "}
              <span className="soft">{stated === null ? "(it has none)" : `(made for ${shareText(stated)})`}</span>
            </th>
            {GROUPS.map((group) => [
              <td key={`${group}-own`} data-kind="figure">
                {shareText(intervalCoverage(version, group))}
              </td>,
              <td key={`${group}-baseline`} data-kind="figure">
                –
              </td>,
            ])}
          </tr>
        </tbody>
      </DataTable>
    </Section>
  );
}

function Gates({ version }: { version: ModelVersionDetail }) {
  const gates = readGates(version.gates);
  return (
    <Section title="Gates">
      {gates.length === 0 ? (
        <p>{version.state === "candidate" ? "No gate has judged it yet." : "There was no champion to be compared with."}</p>
      ) : (
        <GatesTable gates={gates} />
      )}
    </Section>
  );
}
