import { DataTable } from "../DataTable";
import { numberText } from "../figures";
import { shareText } from "../metrics";

/** What the two said of the same requests, while nobody saw the challenger's lists. */
export interface Shadow {
  compared: number;
  errors: number;
  dropped: number;
  overlap: number | null;
  rank_correlation: number | null;
  stars_shift: number | null;
  score_shift: number | null;
  champion_ms: number | null;
  challenger_ms: number | null;
}

interface Row {
  name: string;
  value: string;
  means: string;
}

export function ShadowFigures({ shadow }: { shadow: Shadow }) {
  return (
    <DataTable caption="Figures of the shadow">
      <thead>
        <tr>
          <th scope="col">Figure</th>
          <th scope="col" data-kind="figure">
            Value
          </th>
          <th scope="col">Means</th>
        </tr>
      </thead>
      <tbody>
        {shadowRows(shadow).map(({ name, value, means }) => (
          <tr key={name}>
            <th scope="row" data-kind="nowrap">{name}</th>
            <td data-kind="figure">{value}</td>
            <td data-kind="prose">{means}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

export function shadowRows(shadow: Shadow): Row[] {
  const { compared, errors, dropped } = shadow;
  return [
    { name: "Lists compared", value: numberText(compared), means: "both were asked for the same list" },
    { name: "Failed", value: numberText(errors), means: "making the challenger’s list raised an error" },
    { name: "Left out", value: numberText(dropped), means: "not asked, so that nobody had to wait" },
    { name: "Overlap", value: shareText(shadow.overlap), means: "of the champion’s titles that the challenger lists too" },
    { name: "Rank correlation", value: optional(shadow.rank_correlation, signed), means: "of the titles in both lists; 1: the same order, −1: turned around" },
    { name: "Stars", value: optional(shadow.stars_shift, signed), means: "predicted by the challenger above the champion, for the same titles" },
    { name: "Scores", value: optional(shadow.score_shift, signed), means: "the same for what orders the lists" },
    { name: "Time of the champion", value: optional(shadow.champion_ms, milliseconds), means: "to make a list" },
    { name: "Time of the challenger", value: optional(shadow.challenger_ms, milliseconds), means: "to make the same list" },
  ];
}

function optional(value: number | null, text: (value: number) => string): string {
  return value === null ? "–" : text(value);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(3)}`;
}

function milliseconds(value: number): string {
  return `${value.toFixed(2)} ms`;
}
