import { DataTable } from "../DataTable";
import { numberText } from "../figures";
import {
  differenceText,
  intervalText,
  marginText,
  meaning,
  measure,
  rateText,
  spanOf,
  toneOf,
  type Finding,
} from "./findings";
import { IntervalPlot, IntervalScale } from "./IntervalPlot";
import { VerdictWord } from "./Words";

/** Each metric's interval as a picture, the same as figures, and what that means. */
export function FindingsTable({ findings }: { findings: readonly Finding[] }) {
  return (
    <DataTable caption="What the judge found, metric by metric">
      <thead>
        <tr>
          <th scope="col">Metric</th>
          <th scope="col">
            <span className="visually-hidden">Interval of the difference</span>
            <IntervalScale />
          </th>
          <th scope="col" data-kind="figure">
            Challenger
          </th>
          <th scope="col" data-kind="figure">
            Champion
          </th>
          <th scope="col" data-kind="figure">
            Difference
          </th>
          <th scope="col" data-kind="figure">
            Interval
          </th>
          <th scope="col" data-kind="figure">
            Margin
          </th>
          <th scope="col" data-kind="figure">
            Seen
          </th>
          <th scope="col">In words</th>
        </tr>
      </thead>
      <tbody>
        {findings.map((finding) => (
          <Row key={finding.metric} finding={finding} />
        ))}
      </tbody>
    </DataTable>
  );
}

function Row({ finding }: { finding: Finding }) {
  const { metric, verdict, challenger, champion, people_challenger, people_champion, observations } = finding;
  const { name, counts } = measure(metric);
  const span = spanOf(finding);
  const label = `${name}: ${differenceText(finding)}, interval ${intervalText(finding)}, margin ${marginText(finding)}`;
  return (
    <tr>
      <th scope="row" data-kind="head">
        <span>{name}</span>
        <VerdictWord verdict={verdict} />
      </th>
      <td data-kind="plot">
        {span === null ? <span className="soft">nothing observed yet</span> : <IntervalPlot span={span} tone={toneOf(verdict)} label={label} />}
      </td>
      <td data-kind="figure">{rateText(metric, challenger)}</td>
      <td data-kind="figure">{rateText(metric, champion)}</td>
      <td data-kind="figure">{differenceText(finding)}</td>
      <td data-kind="figure">{intervalText(finding)}</td>
      <td data-kind="figure">{marginText(finding)}</td>
      <td data-kind="figure">
        {numberText(people_challenger)} + {numberText(people_champion)} people,
        <br />
        {numberText(observations)} {counts}
      </td>
      <td data-kind="words">{meaning(finding)}</td>
    </tr>
  );
}
