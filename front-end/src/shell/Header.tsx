import { Link, NavLink, useNavigate } from "react-router";

import { useSession, useSignOut } from "../api/session";
import { paths } from "../app/paths";
import { useTheme } from "../theme/useTheme";
import { useAnnounce } from "./announcer";
import styles from "./Header.module.css";
import { Icon } from "./Icon";
import { SearchBox } from "./SearchBox";
import { Wordmark } from "./Wordmark";

export function Header() {
  const { data: session } = useSession();
  return (
    <header className={styles.header}>
      <div className={styles.bar}>
        <Link to={paths.home} className={styles.home} aria-label="Marquee, home">
          <Wordmark />
        </Link>
        <SearchBox />
        <nav className={styles.nav} aria-label="Main">
          {session?.role === "viewer" && (
            <NavLink to={paths.ratings} className={styles.link ?? ""}>
              Your ratings
            </NavLink>
          )}
          <NavLink to={paths.operator} className={styles.link ?? ""}>
            Operator
          </NavLink>
          {session && session.role !== "anonymous" && <SignOut />}
        </nav>
        <div className={styles.tools}>
          {session?.role === "viewer" && <Who userId={session.user_id ?? ""} />}
          <ThemeToggle />
        </div>
      </div>
    </header>
  );
}

function Who({ userId }: { userId: string }) {
  return (
    <Link to={paths.profiles} className={styles.who} aria-label={`Profile ${userId}, switch profile`}>
      Profile {userId}
    </Link>
  );
}

function SignOut() {
  const signOut = useSignOut();
  const announce = useAnnounce();
  const navigate = useNavigate();
  const leave = () => {
    signOut.mutate(undefined, {
      onSuccess: () => void navigate(paths.home),
      onError: (error) => {
        announce({ text: `You are still signed in. ${error.message}`, tone: "bad" });
      },
    });
  };
  return (
    <button type="button" className={styles.link} disabled={signOut.isPending} onClick={leave}>
      Sign out
    </button>
  );
}

function ThemeToggle() {
  const [theme, choose] = useTheme();
  const other = theme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className={`button bare ${styles.tool ?? ""}`}
      aria-label={`Use the ${other} theme`}
      onClick={() => {
        choose(other);
      }}
    >
      <Icon name={theme === "dark" ? "sun" : "moon"} />
    </button>
  );
}
