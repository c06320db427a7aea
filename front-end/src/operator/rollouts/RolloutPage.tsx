import { Link, useParams } from "react-router";

import { useRollout } from "../../api/rollouts";
import { ApiProblem } from "../../api/problem";
import type { RolloutDetail } from "../../api/types";
import { paths } from "../../app/paths";
import { Empty, Loading } from "../../shell/Blank";
import { Problem } from "../../shell/Problem";
import { Section } from "../../shell/Section";
import { usePageTitle } from "../../shell/usePageTitle";
import { Fact, FactList } from "../FactList";
import { percentText } from "../figures";
import { momentText, spanText } from "../times";
import { FindingsTable } from "./FindingsTable";
import { presetEnd, presetSteps } from "./presets";
import { readLook, readPlan, readShadow, readWindow } from "./reading";
import { RolloutActions } from "./RolloutActions";
import styles from "./RolloutPage.module.css";
import { ShadowFigures } from "./ShadowFigures";
import { ShareBar } from "./ShareBar";
import { isGoing, stages, type Course } from "./stages";
import { Stepper } from "./Stepper";
import { waitingText } from "./waiting";
import { RolloutStateWord, VerdictWord } from "./Words";
import { Workers } from "./Workers";

/** One rollout as it goes, or went: where it is, what it waits for, and what was seen. */
export function RolloutPage() {
  const { rolloutId = "" } = useParams();
  usePageTitle(`Rollout ${rolloutId}`);
  const rollout = useRollout(rolloutId);
  const unknown = rollout.error instanceof ApiProblem && [404, 422].includes(rollout.error.status);
  return (
    <div className="page">
      <div className="stack">
        <p>
          <Link to={paths.rollouts}>All rollouts</Link>
        </p>
        <h1>Rollout {rolloutId}</h1>
        {rollout.isPending && <Loading label="Fetching the rollout" shape="line" count={6} />}
        {unknown && <Empty title="There is no such rollout" />}
        {rollout.isError && !unknown && <Problem error={rollout.error} onRetry={() => void rollout.refetch()} />}
        {rollout.data && <Standing rollout={rollout.data} now={rollout.dataUpdatedAt} />}
      </div>
      {rollout.data && (
        <>
          <Findings rollout={rollout.data} />
          <ShadowSection rollout={rollout.data} />
          {isGoing(rollout.data) && <Workers rollout={rollout.data} />}
          <PlanSection rollout={rollout.data} />
        </>
      )}
    </div>
  );
}

function Standing({ rollout, now }: { rollout: RolloutDetail; now: number }) {
  const course: Course = { ...rollout, plan: readPlan(rollout.plan) };
  const going = isGoing(rollout);
  const waits = waitingText({ ...rollout, ...course, look: readLook(rollout.verdict) }, now);
  const share = going ? (rollout.steps.at(-1)?.share ?? 0) : 0;
  return (
    <>
      <p className={styles.title}>
        <Link to={paths.version(rollout.challenger)}>Version {rollout.challenger}</Link> beside{" "}
        <Link to={paths.version(rollout.champion)}>version {rollout.champion}</Link>
      </p>
      <div className={styles.panel}>
        <Stepper stages={stages(course)} now={now} />
        <div className={styles.standing}>
          <p className={styles.state} role="status">
            <RolloutStateWord state={rollout.state} />
            {rollout.state === "canary" && <span>{percentText(share)}</span>}
            {rollout.outcome !== null && <span className={styles.outcome}>{rollout.outcome}</span>}
          </p>
          <p>{waits}</p>
        </div>
        {going && <ShareBar champion={rollout.champion} challenger={rollout.challenger} share={share} />}
        {going && <RolloutActions rollout={rollout} course={course} />}
      </div>
    </>
  );
}

function Findings({ rollout }: { rollout: RolloutDetail }) {
  const look = readLook(rollout.verdict);
  const minutes = readWindow(rollout.plan);
  return (
    <Section title="What the judge sees">
      {look === null || look.findings.length === 0 ? (
        <p className="soft">{isGoing(rollout) ? "It compares the two as soon as people see both." : "It never came to compare the two."}</p>
      ) : (
        <>
          <div>
            <p className="cluster">
              <VerdictWord verdict={look.verdict} />
              {rollout.judged_at !== null && (
                <span className="soft">
                  as of <time dateTime={rollout.judged_at}>{momentText(rollout.judged_at)}</time>
                </span>
              )}
            </p>
            <p className="soft">
              Worse is what has its whole interval on the bad side, not worse what has none of it beyond the margin. The intervals
              hold however often one looks.
              {minutes !== null && ` Lists count when the ${spanText(60 * minutes)} in which they may be answered are over.`}
            </p>
          </div>
          <FindingsTable findings={look.findings} />
        </>
      )}
    </Section>
  );
}

function ShadowSection({ rollout }: { rollout: RolloutDetail }) {
  const shadow = readShadow(rollout.shadow);
  if (shadow === null) return null;
  return (
    <Section title="In the shadow">
      <ShadowFigures shadow={shadow} />
    </Section>
  );
}

function PlanSection({ rollout }: { rollout: RolloutDetail }) {
  const plan = readPlan(rollout.plan);
  const end = presetEnd(plan);
  return (
    <Section title="Plan">
      <div className={styles.plan}>
        <FactList>
          <Fact name="Preset">{rollout.preset}</Fact>
          <Fact name="Asked by">{rollout.requested_by}</Fact>
          {rollout.reason !== "" && <Fact name="Reason">{rollout.reason}</Fact>}
          <Fact name="Started">
            <time dateTime={rollout.created_at}>{momentText(rollout.created_at)}</time>
          </Fact>
          {rollout.ended_at !== null && (
            <Fact name="Ended">
              <time dateTime={rollout.ended_at}>{momentText(rollout.ended_at)}</time>
            </Fact>
          )}
        </FactList>
        <div>
          <ol className={styles.steps}>
            {presetSteps(plan).map((step) => (
              <li key={step}>{step}</li>
            ))}
          </ol>
          {end !== null && <p className="soft">{end}</p>}
        </div>
      </div>
    </Section>
  );
}
