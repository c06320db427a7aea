import { useAudit } from "../api/operations";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { usePageTitle } from "../shell/usePageTitle";
import { AuditSeal } from "./AuditSeal";
import { DataTable } from "./DataTable";
import { momentText } from "./times";

export function AuditPage() {
  usePageTitle("Audit trail");
  const audit = useAudit();
  const entries = audit.data?.pages.flatMap((page) => page.entries) ?? [];
  return (
    <div className="stack">
      <h1>Audit trail</h1>
      <p className="soft">Every change of what serves: who, when and why. Each row holds the hash of the row before.</p>
      <AuditSeal />
      {audit.isPending && <Loading label="Fetching the audit trail" shape="line" count={6} />}
      {audit.isError && <Problem error={audit.error} onRetry={() => void audit.refetch()} />}
      {audit.isSuccess && entries.length === 0 && <Empty title="Nothing has changed yet" />}
      {entries.length > 0 && (
        <DataTable caption="Audit trail, newest first">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Who</th>
              <th scope="col">Did</th>
              <th scope="col">To</th>
              <th scope="col">Why</th>
              <th scope="col">Hash</th>
            </tr>
          </thead>
          <tbody>
            {entries.map(({ id, at, actor, action, subject, reason, hash }) => (
              <tr key={id}>
                <th scope="row" data-kind="nowrap">
                  <time dateTime={at}>{momentText(at)}</time>
                </th>
                <td data-kind="nowrap">{actor}</td>
                <td>{action}</td>
                <td data-kind="nowrap">{subject}</td>
                <td data-kind="prose">{reason}</td>
                <td>
                  <code title={hash}>{hash.slice(0, 12)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </DataTable>
      )}
      {audit.hasNextPage && (
        <button type="button" className="button quiet" disabled={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
          Show older entries
        </button>
      )}
    </div>
  );
}
