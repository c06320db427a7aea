import { useState } from "react";

import { DataTable } from "../DataTable";
import { counted, numberText } from "../figures";
import { IntervalPlot, IntervalScale, type Tone } from "../rollouts/IntervalPlot";
import type { Span } from "../rollouts/span";
import { OutcomeWord, type ItemState } from "../rollouts/Words";
import { byKind, gainText, gateName, gateSpan, groupSpan, usedOf, type Gate, type Group } from "./gates";
import styles from "./GatesTable.module.css";
import { LimitPlot } from "./LimitPlot";

/** What a version had to show and what it showed: the intervals as pictures, beside their figures. */
export function GatesTable({ gates }: { gates: readonly Gate[] }) {
  return (
    <DataTable caption="Gates: what the version had to show">
      <thead>
        <tr>
          <th scope="col">Gate</th>
          <th scope="col">
            <span className="visually-hidden">Interval of the difference</span>
            <IntervalScale />
          </th>
          <th scope="col" data-kind="figure">
            This version
          </th>
          <th scope="col" data-kind="figure">
            Compared with
          </th>
          <th scope="col" data-kind="figure">
            Interval
          </th>
          <th scope="col" data-kind="figure">
            Margin, limit
          </th>
          <th scope="col" data-kind="figure">
            People
          </th>
          <th scope="col">Because</th>
        </tr>
      </thead>
      {byKind(gates).map(([kind, judged]) => (
        <tbody key={kind}>
          <tr>
            <th scope="rowgroup" colSpan={8} className={styles.kind}>
              {kind}
            </th>
          </tr>
          {judged.map((gate) => (
            <GateRows key={gate.name} gate={gate} />
          ))}
        </tbody>
      ))}
    </DataTable>
  );
}

/** A gate; with groups of people a row for each of them, shown at once where one was found to lose. */
function GateRows({ gate }: { gate: Gate }) {
  const [shown, setShown] = useState(!gate.passed);
  const { name, passed, judged, candidate, rival, margin, low, high, people, reason, groups } = gate;
  return (
    <>
      <tr>
        <th scope="row" data-kind="head">
          <span title={name}>{gateName(name)}</span>
          <OutcomeWord state={outcome(passed, judged)}>{passed ? "passed" : judged ? "failed" : "not judged"}</OutcomeWord>
        </th>
        <td data-kind="plot">
          <Picture gate={gate} />
          {groups.length > 0 && (
            <button
              type="button"
              className={styles.toggle}
              aria-expanded={shown}
              onClick={() => {
                setShown(!shown);
              }}
            >
              {shown ? "Hide" : "Show"} {counted(groups.length, "group", "groups")}
              <span className="visually-hidden"> of {gateName(name)}</span>
            </button>
          )}
        </td>
        <td data-kind="figure">{figure(candidate)}</td>
        <td data-kind="figure">{figure(rival)}</td>
        <td data-kind="figure">{interval(low, high)}</td>
        <td data-kind="figure">{margin ?? "–"}</td>
        <td data-kind="figure">{people === null ? "–" : numberText(people)}</td>
        <td data-kind="prose">{groups.length > 0 ? summary(reason) : reason}</td>
      </tr>
      {shown && groups.map((group) => <GroupRow key={group.name} gate={gate} group={group} />)}
    </>
  );
}

/** The figures of groups stand in rows of their own. */
function summary(reason: string): string {
  return `${(reason.split(";")[0] ?? "").replace(/\.$/, "")}.`;
}

function GroupRow({ gate, group }: { gate: Gate; group: Group }) {
  const span = groupSpan(gate, group);
  const { name, people, difference, low, high } = group;
  const state = outcome(group.outcome === "passed", group.outcome !== "not judged");
  return (
    <tr>
      <th scope="row" data-kind="head" className={styles.group}>
        {name} <OutcomeWord state={state}>{group.outcome}</OutcomeWord>
      </th>
      <td data-kind="plot">
        {span && <IntervalPlot slim span={span} tone={tone(state, span)} label={`${name}: ${gainText(difference)}, interval ${interval(low, high)}`} />}
      </td>
      <td data-kind="figure" colSpan={2}>
        {gainText(difference)}
      </td>
      <td data-kind="figure">{interval(low, high)}</td>
      <td data-kind="figure">{gate.margin ?? "–"}</td>
      <td data-kind="figure">{numberText(people)}</td>
      <td />
    </tr>
  );
}

function Picture({ gate }: { gate: Gate }) {
  const state = outcome(gate.passed, gate.judged);
  const span = gateSpan(gate);
  if (span) {
    const label = `${gateName(gate.name)}: interval ${interval(gate.low, gate.high)}, margin ${gate.margin ?? 0}`;
    return <IntervalPlot span={span} tone={tone(state, span)} label={label} />;
  }
  const used = usedOf(gate);
  return used === null ? null : <LimitPlot used={used} label={`${gateName(gate.name)}: ${Math.round(100 * used)} % of what is allowed`} />;
}

function outcome(passed: boolean, judged: boolean): ItemState {
  if (passed) return "ok";
  return judged ? "failed" : "not yet";
}

function tone(state: ItemState, { low }: Span): Tone {
  if (state !== "ok") return state === "failed" ? "bad" : "open";
  return low > 0 ? "good" : "plain";
}

function figure(value: number | null): string {
  return value === null ? "–" : Number(value.toPrecision(4)).toString();
}

function interval(low: number | null, high: number | null): string {
  return low === null && high === null ? "–" : `${gainText(low)} to ${gainText(high)}`;
}
