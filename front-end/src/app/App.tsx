import { lazy, Suspense } from "react";
import { Route, Routes } from "react-router";

import { useSession } from "../api/session";
import { ItemPage } from "../catalogue/ItemPage";
import { SearchPage } from "../catalogue/SearchPage";
import { HomePage } from "../home/HomePage";
import { ProfilesPage } from "../profiles/ProfilesPage";
import { RatingsPage } from "../ratings/RatingsPage";
import { Loading } from "../shell/Blank";
import { Frame } from "../shell/Frame";
import { NotFoundPage } from "../shell/NotFoundPage";
import { Problem } from "../shell/Problem";
import { VisitPage } from "../visit/VisitPage";

// The operator's desk is an entry of its own: viewers do not download it.
const OperatorEntry = lazy(async () => ({ default: (await import("../operator/OperatorEntry")).OperatorEntry }));

export function App() {
  return (
    <Frame>
      <Screens />
    </Frame>
  );
}

function Screens() {
  const session = useSession();
  if (session.isPending) return <Loading label="Opening the doors" shape="sign" />;
  if (session.isError) {
    return (
      <div className="stack">
        <h1>The doors are shut</h1>
        <Problem error={session.error} onRetry={() => void session.refetch()} />
      </div>
    );
  }
  const userId = session.data.user_id;
  return (
    <Routes>
      <Route path="/" element={userId === null ? <ProfilesPage /> : <HomePage key={userId} userId={userId} />} />
      <Route path="/profiles" element={<ProfilesPage />} />
      <Route path="/visit" element={<VisitPage />} />
      <Route path="/search" element={<SearchPage userId={userId} />} />
      <Route path="/items/:itemId" element={<ItemPage userId={userId} />} />
      <Route path="/ratings" element={userId === null ? <ProfilesPage /> : <RatingsPage key={userId} userId={userId} />} />
      <Route
        path="/operator/*"
        element={
          <Suspense fallback={<Loading label="Opening the operator’s desk" shape="line" count={6} />}>
            <OperatorEntry session={session.data} />
          </Suspense>
        }
      />
      <Route path="*" element={<NotFoundPage />} />
    </Routes>
  );
}
