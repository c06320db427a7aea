import { useCallback, useSyncExternalStore } from "react";

export type Theme = "light" | "dark";

const KEY = "marquee-theme"; // public/theme.js reads the same key before the first paint
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");

function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return prefersDark.matches ? "dark" : "light";
}

function subscribe(onChange: () => void): () => void {
  const observer = new MutationObserver(onChange);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  prefersDark.addEventListener("change", onChange);
  return () => {
    observer.disconnect();
    prefersDark.removeEventListener("change", onChange);
  };
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch (error) {
    // Storage is blocked or full: the choice then lasts as long as the tab.
    if (!(error instanceof DOMException)) throw error;
  }
}

/** The theme in force, and a way to change it that is remembered. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const theme = useSyncExternalStore(subscribe, currentTheme);
  const choose = useCallback((next: Theme) => {
    document.documentElement.dataset.theme = next;
    remember(next);
  }, []);
  return [theme, choose];
}
