/** Which versions a rollback may return to. */

interface Returnable {
  version: number;
  state: string;
  serving: boolean;
  served_at: string | null;
  purge_after: string | null;
}

/** Approved ones that have served, inside their time: the previous champion first, then the newest. `now` is in milliseconds since 1970. */
export function rollbackTargets<Version extends Returnable>(versions: readonly Version[], previous: number | null, now: number): Version[] {
  return versions
    .filter(({ state, serving, served_at }) => state === "approved" && !serving && served_at !== null)
    .filter(({ purge_after }) => purge_after === null || Date.parse(purge_after) > now)
    .sort((one, other) => Number(other.version === previous) - Number(one.version === previous) || other.version - one.version);
}
