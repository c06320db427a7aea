import { useId, useRef, useState } from "react";

import { useReview } from "../../api/reviews";
import { useAnnounce } from "../../shell/announcer";
import { Problem } from "../../shell/Problem";
import styles from "./ReviewForm.module.css";
import { isBlank, partName, reviewedText, type Part } from "./reviewing";

interface ReviewFormProps {
  version: number;
  /** What the policy wants signed and nobody has approved. */
  missing: readonly Part[];
}

/** One person's word on a version that the gates let pass. */
export function ReviewForm({ version, missing }: ReviewFormProps) {
  const [part, setPart] = useState<Part | null>(null);
  const [comment, setComment] = useState("");
  const [asked, setAsked] = useState(false); // for the comment, by somebody who decided without one
  const field = useRef<HTMLTextAreaElement>(null);
  const review = useReview(version);
  const announce = useAnnounce();
  const id = useId();
  const chosen = part !== null && missing.includes(part) ? part : missing[0];
  if (chosen === undefined) return null;
  const lacks = asked && isBlank(comment);
  const give = (decision: "approve" | "decline") => () => {
    if (isBlank(comment)) {
      setAsked(true);
      field.current?.focus();
      return;
    }
    review.mutate(
      { part: chosen, decision, comment },
      {
        onSuccess: (reviewed) => {
          setComment("");
          setAsked(false);
          announce({ text: reviewedText(version, reviewed) });
        },
      },
    );
  };
  return (
    <form
      className={styles.form}
      aria-label="Review"
      onSubmit={(event) => {
        event.preventDefault(); // each decision has a button of its own
      }}
    >
      {missing.length > 1 && (
        <div>
          <label htmlFor={`${id}-part`} className="label">
            Part
          </label>
          <select
            id={`${id}-part`}
            className="field"
            value={chosen}
            onChange={({ target }) => {
              setPart(missing.find((one) => one === target.value) ?? null);
            }}
          >
            {missing.map((one) => (
              <option key={one} value={one}>
                {partName(one)}
              </option>
            ))}
          </select>
        </div>
      )}
      <div>
        <label htmlFor={`${id}-comment`} className="label">
          Comment
        </label>
        <textarea
          ref={field}
          id={`${id}-comment`}
          className="field"
          required
          aria-invalid={lacks}
          aria-describedby={lacks ? `${id}-lacks` : undefined}
          rows={3}
          maxLength={1000}
          placeholder="What you looked at, and why you decide so"
          value={comment}
          onChange={({ target }) => {
            setComment(target.value);
          }}
        />
        {lacks && (
          <p id={`${id}-lacks`} className={styles.lacks} role="alert">
            The comment is missing. Write what you looked at, and why you decide so.
          </p>
        )}
      </div>
      {review.isError && <Problem error={review.error} />}
      <div className="cluster">
        <button type="button" className="button" disabled={review.isPending} onClick={give("approve")}>
          Approve version {version}
        </button>
        <button type="button" className="button quiet" disabled={review.isPending} onClick={give("decline")}>
          Decline
        </button>
      </div>
    </form>
  );
}
