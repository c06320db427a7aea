import type { VersionReview } from "../../api/types";
import { DataTable } from "../DataTable";
import { OutcomeWord } from "../rollouts/Words";
import { momentText } from "../times";
import { partName } from "./reviewing";

export function ReviewsTable({ reviews }: { reviews: readonly VersionReview[] }) {
  return (
    <DataTable caption="Reviews, oldest first">
      <thead>
        <tr>
          <th scope="col">Part</th>
          <th scope="col">Decision</th>
          <th scope="col">Reviewer</th>
          <th scope="col">When</th>
          <th scope="col">Comment</th>
          <th scope="col">Audit head</th>
        </tr>
      </thead>
      <tbody>
        {reviews.map(({ review_id, part, decision, reviewer, at, comment, audit_head }) => (
          <tr key={review_id}>
            <th scope="row">{partName(part)}</th>
            <td>
              <OutcomeWord state={decision === "approve" ? "ok" : "failed"}>{decision === "approve" ? "approved" : "declined"}</OutcomeWord>
            </td>
            <td data-kind="nowrap">{reviewer}</td>
            <td data-kind="nowrap">
              <time dateTime={at}>{momentText(at)}</time>
            </td>
            <td data-kind="prose">{comment}</td>
            <td>
              <code title={audit_head}>{audit_head.slice(0, 12)}</code>
            </td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}
