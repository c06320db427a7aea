import { Link } from "react-router";

import type { ModelVersion } from "../api/types";
import { paths } from "../app/paths";
import { DataTable } from "./DataTable";
import { figure, figureText, GROUP_NAMES, GROUPS, METRICS } from "./metrics";
import { madeOf } from "./recipe";
import { momentText } from "./times";

/** Each version with its figures on the temporal split, known and new users apart. */
export function VersionsTable({ versions }: { versions: ModelVersion[] }) {
  return (
    <DataTable caption="Versions and their figures on the temporal split">
      <thead>
        <tr>
          <th scope="col" rowSpan={2}>
            Version
          </th>
          <th scope="col" rowSpan={2}>
            State
          </th>
          {GROUPS.map((group) => (
            <th key={group} scope="colgroup" colSpan={METRICS.length} data-kind="group">
              {GROUP_NAMES[group]}
            </th>
          ))}
          <th scope="col" rowSpan={2} data-kind="group">
            Made of
          </th>
          <th scope="col" rowSpan={2}>
            Created
          </th>
        </tr>
        <tr>
          {GROUPS.map((group) =>
            METRICS.map(({ key, name }) => (
              <th key={`${group}-${key}`} scope="col" data-kind="figure">
                {name}
              </th>
            )),
          )}
        </tr>
      </thead>
      <tbody>
        {versions.map((version) => (
          <VersionRow key={version.version} version={version} />
        ))}
      </tbody>
    </DataTable>
  );
}

function VersionRow({ version }: { version: ModelVersion }) {
  return (
    <tr data-serving={version.serving}>
      <th scope="row" data-kind="nowrap">
        <Link to={paths.version(version.version)}>{version.version}</Link> <span className="soft">({version.semantic_version})</span>
      </th>
      <td data-kind="nowrap">{version.serving ? <strong>serving</strong> : version.state}</td>
      {GROUPS.map((group) =>
        METRICS.map((metric) => (
          <td key={`${group}-${metric.key}`} data-kind="figure">
            {figureText(figure(version, group, metric))}
          </td>
        )),
      )}
      <td>{madeOf(version)}</td>
      <td data-kind="nowrap">
        <time dateTime={version.created_at}>{momentText(version.created_at)}</time>
      </td>
    </tr>
  );
}
