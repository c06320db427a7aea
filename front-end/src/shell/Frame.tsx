import { useEffect, useRef, useState, type ReactNode } from "react";
import { useLocation } from "react-router";

import { useSession } from "../api/session";
import { StarKeys } from "../ratings/StarSlider";
import { Footer } from "./Footer";
import styles from "./Frame.module.css";
import { Header } from "./Header";
import { ServedModelContext } from "./servedModel";

/** What stands around every screen. */
export function Frame({ children }: { children: ReactNode }) {
  const [served, setServed] = useState<number | null>(null);
  const main = useFocusOnNewPage();
  return (
    <ServedModelContext value={setServed}>
      <a href="#main" className={styles.skip}>
        Skip to the content
      </a>
      <Header />
      <main id="main" ref={main} tabIndex={-1} className={styles.main}>
        {children}
      </main>
      <Footer version={served} />
      <StarKeys />
    </ServedModelContext>
  );
}

/** A new page begins at its top, for eyes and for the keyboard; except while somebody is typing a search. */
function useFocusOnNewPage() {
  const { pathname } = useLocation();
  const { data: session } = useSession();
  const main = useRef<HTMLElement>(null);
  // The same address shows another page to another person.
  const page = session && `${session.role} ${session.user_id ?? ""} ${pathname}`;
  const before = useRef(page);
  useEffect(() => {
    const first = before.current === undefined;
    if (page === undefined || before.current === page) return;
    before.current = page;
    if (first) return;
    window.scrollTo(0, 0);
    if (!(document.activeElement instanceof HTMLInputElement)) main.current?.focus({ preventScroll: true });
  }, [page]);
  return main;
}
