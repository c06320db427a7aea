import { NavLink, Route, Routes } from "react-router";

import type { Session } from "../api/types";
import { paths } from "../app/paths";
import { NotFoundPage } from "../shell/NotFoundPage";
import { AuditPage } from "./AuditPage";
import styles from "./OperatorEntry.module.css";
import { OverviewPage } from "./OverviewPage";
import { RolloutPage } from "./rollouts/RolloutPage";
import { RolloutsPage } from "./rollouts/RolloutsPage";
import { RunPage } from "./RunPage";
import { RunsPage } from "./RunsPage";
import { SignInPage } from "./SignInPage";
import { VersionPage } from "./VersionPage";

/** The operator's desk. Without an operator's session it is a sign-in form. */
export function OperatorEntry({ session }: { session: Session }) {
  if (session.role !== "operator") return <SignInPage viewer={session.user_id} />;
  return (
    <div className="page">
      <nav className={styles.tabs} aria-label="Operator’s desk">
        <NavLink to={paths.operator} end className={styles.tab ?? ""}>
          Overview
        </NavLink>
        <NavLink to={paths.rollouts} className={styles.tab ?? ""}>
          Rollouts
        </NavLink>
        <NavLink to={paths.runs} className={styles.tab ?? ""}>
          Training runs
        </NavLink>
        <NavLink to={paths.audit} className={styles.tab ?? ""}>
          Audit trail
        </NavLink>
      </nav>
      <Routes>
        <Route index element={<OverviewPage />} />
        <Route path="runs" element={<RunsPage />} />
        <Route path="runs/:runId" element={<RunPage />} />
        <Route path="rollouts" element={<RolloutsPage />} />
        <Route path="rollouts/:rolloutId" element={<RolloutPage />} />
        <Route path="versions/:version" element={<VersionPage />} />
        <Route path="audit" element={<AuditPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Routes>
    </div>
  );
}
