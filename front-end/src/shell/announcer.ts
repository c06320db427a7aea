import { createContext, use } from "react";

export interface Announcement {
  text: string;
  tone?: "plain" | "bad";
  action?: { label: string; run: () => void };
}

export type Announce = (announcement: Announcement) => void;

export const AnnouncerContext = createContext<Announce | null>(null);

/** Says something to everybody: a line on the screen, spoken by screen readers. */
export function useAnnounce(): Announce {
  const announce = use(AnnouncerContext);
  if (!announce) throw new Error("useAnnounce needs an <Announcer> above it");
  return announce;
}
