/** What a person does with the titles they are shown: the server counts it in their next list. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

import { api, unwrap } from "./client";
import { picksKey } from "./picks";

const TRIES_AGAIN = 2;
const ID_BYTES = 16;

/**
 * Tells that a title of a list was opened. Nobody waits for it, and a click that is lost is no news to a viewer.
 * The event is made once, so that trying again cannot count it twice.
 */
export function useOpened(userId: string, token: string): (itemId: string) => void {
  const cache = useQueryClient();
  const { mutate } = useMutation({
    mutationFn: (event: { event_id: string; item_id: string }) =>
      unwrap(api.POST("/api/v1/events", { body: { events: [{ ...event, kind: "click", user_id: userId, token }] } })),
    retry: TRIES_AGAIN,
    onSuccess: () => cache.invalidateQueries({ queryKey: picksKey(userId), refetchType: "none" }),
  });
  return useCallback(
    (itemId: string) => {
      mutate({ event_id: randomId(), item_id: itemId });
    },
    [mutate],
  );
}

/** 128 random bits; `crypto.randomUUID` is there on secure origins alone. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
