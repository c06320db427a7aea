import { useState } from "react";
import { Link, useNavigate } from "react-router";

import { useProfiles } from "../api/catalogue";
import { useSession, useSignIn } from "../api/session";
import { paths } from "../app/paths";
import { Empty, Loading } from "../shell/Blank";
import { Problem } from "../shell/Problem";
import { usePageTitle } from "../shell/usePageTitle";
import { useRested } from "../shell/useRested";
import type { SignLine } from "../sign/board";
import { MarqueeSign } from "../sign/MarqueeSign";
import styles from "./ProfilesPage.module.css";
import { Ticket } from "./Ticket";

const SIGN: readonly SignLine[] = [
  { text: "Now showing", weight: "small", tone: "red" },
  { text: "Who’s watching?", weight: "headline", tone: "ink" },
  { text: "Take a ticket, see your picks", weight: "small", tone: "ink" },
];

export function ProfilesPage() {
  usePageTitle("Who is watching?");
  const { data: session } = useSession();
  return (
    <div className="page">
      <div>
        <h1 className="visually-hidden">Who is watching? Take a ticket, see your picks.</h1>
        <MarqueeSign lines={SIGN} />
      </div>
      {session?.profile_sign_in === "off" ? (
        <Empty title="Profiles cannot be picked here">
          <p>Whoever runs this Marquee has turned picking a profile off. You can still look around as a visitor.</p>
          <VisitLink />
        </Empty>
      ) : (
        <TicketOffice operator={session?.role === "operator"} />
      )}
    </div>
  );
}

function VisitLink() {
  return (
    <Link to={paths.visit} className="button quiet">
      New here? Rate a few titles
    </Link>
  );
}

function TicketOffice({ operator }: { operator: boolean }) {
  const [text, setText] = useState("");
  const query = useRested(text.trim());
  const profiles = useProfiles(query);
  const signIn = useSignIn();
  const navigate = useNavigate();
  const found = profiles.data?.pages.flatMap(({ users }) => users) ?? [];
  const total = profiles.data?.pages[0]?.total;
  const pick = (userId: string) => {
    signIn.mutate({ user_id: userId }, { onSuccess: () => void navigate(paths.home) });
  };
  return (
    <section className="stack" aria-label="Profiles">
      <div className={styles.counter}>
        <div className={styles.search}>
          <label htmlFor="profile-search" className="label">
            Find a profile
          </label>
          <input
            id="profile-search"
            type="search"
            className="field"
            placeholder="Number or occupation"
            autoComplete="off"
            maxLength={200}
            value={text}
            onChange={({ target: { value } }) => {
              setText(value);
            }}
          />
        </div>
        <p role="status" className="soft">
          {total === undefined ? "" : `${total} ${total === 1 ? "profile" : "profiles"}`}
        </p>
        <VisitLink />
      </div>
      {operator && <p className="soft">You are signed in as operator. Taking a ticket signs you out of the operator’s desk.</p>}
      {signIn.isError && <Problem error={signIn.error} />}
      {profiles.isPending && <Loading label="Fetching profiles" shape="ticket" count={12} />}
      {profiles.isError && <Problem error={profiles.error} onRetry={() => void profiles.refetch()} />}
      {profiles.isSuccess && found.length === 0 && (
        <Empty title={query === "" ? "There are no profiles yet" : `No profile matches “${query}”`}>
          <p>{query === "" ? "Load ratings first, or look around as a visitor." : "Try a number, or an occupation such as “writer”."}</p>
        </Empty>
      )}
      <ul className={styles.tickets}>
        {found.map((profile) => (
          <li key={profile.user_id}>
            <Ticket
              profile={profile}
              disabled={signIn.isPending}
              onPick={() => {
                pick(profile.user_id);
              }}
            />
          </li>
        ))}
      </ul>
      {profiles.hasNextPage && (
        <button
          type="button"
          className={`button quiet ${styles.more ?? ""}`}
          disabled={profiles.isFetchingNextPage}
          onClick={() => void profiles.fetchNextPage()}
        >
          {profiles.isFetchingNextPage ? "Fetching more…" : "Show more profiles"}
        </button>
      )}
    </section>
  );
}
