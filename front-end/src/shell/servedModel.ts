import { createContext, use, useEffect } from "react";

export const ServedModelContext = createContext<((version: number | null) => void) | null>(null);

/** Tells the footer which model version made what the screen shows. */
export function useServedModel(version: number | null | undefined): void {
  const report = use(ServedModelContext);
  useEffect(() => {
    if (!report || version === undefined) return;
    report(version);
    return () => {
      report(null);
    };
  }, [report, version]);
}
