import { useRef } from "react";
import { Link } from "react-router";

import { useArchive, useReviews } from "../../api/reviews";
import { useRollouts } from "../../api/rollouts";
import type { ModelVersionDetail } from "../../api/types";
import { paths } from "../../app/paths";
import { useAnnounce } from "../../shell/announcer";
import { Problem } from "../../shell/Problem";
import { Section } from "../../shell/Section";
import { ReasonDialog } from "../ReasonDialog";
import { StartRollout } from "../rollouts/StartRollout";
import { isGoing } from "../rollouts/stages";
import { ReviewForm } from "./ReviewForm";
import { ReviewsTable } from "./ReviewsTable";
import { isArchivable, standingText } from "./reviewing";
import styles from "./Standing.module.css";

/** Where a version stands on its way to the people, and what may be done about it. */
export function Standing({ version }: { version: ModelVersionDetail }) {
  const reviews = useReviews(version.version);
  const missing = reviews.data?.missing ?? [];
  return (
    <Section title="On its way">
      <div className={styles.panel}>
        <p className={styles.sentence} role="status">
          {standingText(version, missing)}
        </p>
        {version.state === "validated" && reviews.data && <ReviewForm version={version.version} missing={missing} />}
        <div className="cluster">
          {version.state === "approved" && !version.serving && <Onward version={version.version} />}
          {isArchivable(version) && <Archive version={version.version} />}
          <a href={cardOf(version.version)} target="_blank" rel="noreferrer">
            Model card<span className="visually-hidden"> (opens a new tab)</span>
          </a>
        </div>
      </div>
      {reviews.isError && <Problem error={reviews.error} onRetry={() => void reviews.refetch()} />}
      {reviews.data && reviews.data.reviews.length > 0 && <ReviewsTable reviews={reviews.data.reviews} />}
    </Section>
  );
}

function cardOf(version: number): string {
  return `/api/v1/models/${version}/card`;
}

/** One rollout goes at a time: while one does, the way to it stands here instead of the button. */
function Onward({ version }: { version: number }) {
  const rollouts = useRollouts();
  const going = rollouts.data?.pages[0]?.rollouts.find(isGoing);
  if (going === undefined) return <StartRollout version={version} />;
  return (
    <Link className="button quiet" to={paths.rollout(going.rollout_id)}>
      {going.challenger === version ? `Watch rollout ${going.rollout_id}` : `Rollout ${going.rollout_id} of version ${going.challenger} goes`}
    </Link>
  );
}

function Archive({ version }: { version: number }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const archive = useArchive(version);
  const announce = useAnnounce();
  return (
    <>
      <button type="button" className="button quiet" onClick={() => dialog.current?.showModal()}>
        Archive
      </button>
      <ReasonDialog
        ref={dialog}
        title={`Archive version ${version}?`}
        act="Archive"
        acting="Archiving…"
        pending={archive.isPending}
        error={archive.error}
        onSubmit={(reason, done) => {
          archive.mutate(reason, {
            onSuccess: () => {
              done();
              announce({ text: `Version ${version} is archived.` });
            },
          });
        }}
      >
        <p>It can never serve again. Its record, its card and the audit stay.</p>
      </ReasonDialog>
    </>
  );
}
