import { useEffect, useRef, useState, type KeyboardEvent, type SyntheticEvent } from "react";
import { NavigationType, useLocation, useNavigate, useNavigationType, useSearchParams } from "react-router";

import { paths } from "../app/paths";
import { Icon } from "./Icon";
import styles from "./SearchBox.module.css";

const REST_MS = 250;

/** The catalogue's search. It looks while one types; arrow down goes to what was found. */
export function SearchBox() {
  const navigate = useNavigate();
  const { pathname, state } = useLocation() as { pathname: string; state: { typed?: boolean } | null };
  const onSearchPage = pathname === "/search";
  const wentBack = useNavigationType() === NavigationType.Pop;
  const asked = useSearchParams()[0].get("q") ?? "";
  const [text, setText] = useState(asked);
  const [answered, setAnswered] = useState(asked);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (asked !== answered) {
    // An address that came from typing never writes over what has been typed since; any other is shown.
    setAnswered(asked);
    if (wentBack || !state?.typed) setText(asked);
  }
  useEffect(
    () => () => {
      clearTimeout(timer.current); // whoever has gone elsewhere is not called back to a search
    },
    [pathname],
  );

  const look = (query: string) => {
    clearTimeout(timer.current);
    if (query.trim() === "" && !onSearchPage) return;
    void navigate(paths.search(query.trim()), { replace: onSearchPage, state: { typed: true } });
  };
  const onSubmit = (event: SyntheticEvent) => {
    event.preventDefault();
    look(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "ArrowDown") return;
    const first = document.querySelector<HTMLElement>("main a[data-result]");
    if (!first) return;
    event.preventDefault();
    first.focus();
  };
  return (
    <search className={styles.box}>
      <form onSubmit={onSubmit}>
        <Icon name="search" />
        <input
          type="search"
          name="q"
          className="field"
          aria-label="Search titles"
          placeholder="Search titles"
          autoComplete="off"
          maxLength={200}
          value={text}
          onKeyDown={onKeyDown}
          onChange={({ target: { value } }) => {
            setText(value);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => {
              look(value);
            }, REST_MS);
          }}
        />
      </form>
    </search>
  );
}
