/** What an alert offers to do. */

/** The version whose rollout is offered; null where something else is, or nothing. */
export function offeredVersion(offer: unknown): number | null {
  if (typeof offer !== "object" || offer === null) return null;
  const { action, version } = offer as { action?: unknown; version?: unknown };
  return action === "rollout" && typeof version === "number" ? version : null;
}
