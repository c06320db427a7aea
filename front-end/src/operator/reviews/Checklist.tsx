import { useChecklist } from "../../api/reviews";
import { Loading } from "../../shell/Blank";
import { Problem } from "../../shell/Problem";
import { Section } from "../../shell/Section";
import { DataTable } from "../DataTable";
import { OutcomeWord } from "../rollouts/Words";

/** What must hold before a version serves: looked at now, not typed by anybody. */
export function Checklist({ version }: { version: number }) {
  const checklist = useChecklist(version);
  return (
    <Section title="Checklist">
      {checklist.isPending && <Loading label="Looking at everything" shape="line" count={5} />}
      {checklist.isError && <Problem error={checklist.error} onRetry={() => void checklist.refetch()} />}
      {checklist.data && (
        <DataTable caption="Deployment checklist">
          <thead>
            <tr>
              <th scope="col">Item</th>
              <th scope="col">State</th>
              <th scope="col">Evidence</th>
            </tr>
          </thead>
          <tbody>
            {checklist.data.items.map(({ name, state, evidence }) => (
              <tr key={name}>
                <th scope="row" data-kind="nowrap">{name}</th>
                <td data-kind="nowrap">
                  <OutcomeWord state={state}>{state}</OutcomeWord>
                </td>
                <td data-kind="evidence">{evidence}</td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
    </Section>
  );
}
