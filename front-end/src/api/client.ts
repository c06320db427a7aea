import createClient from "openapi-fetch";

import { ApiProblem } from "./problem";
import type { paths } from "./schema";

/** The API on this page's own origin. Calls go through `unwrap`, which turns a failure into an ApiProblem. */
export const api = createClient<paths>({ baseUrl: window.location.origin });

interface Outcome<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The answer of a call; throws ApiProblem for a refusal and for no answer at all. */
export async function unwrap<Data>(call: Promise<Outcome<Data>>): Promise<Exclude<Data, undefined>> {
  let outcome: Outcome<Data>;
  try {
    outcome = await call;
  } catch (error) {
    // fetch rejects with a TypeError when nothing answered; a SyntaxError is a body that is not JSON.
    if (error instanceof TypeError || error instanceof SyntaxError) throw ApiProblem.unreachable();
    throw error;
  }
  if (!outcome.response.ok) throw ApiProblem.from(outcome.error, outcome.response);
  return outcome.data as Exclude<Data, undefined>;
}

/** A category to filter by, or none, as the query of a list takes it. */
export function ofCategory(category: string | null): { category?: string[] } {
  return category === null ? {} : { category: [category] };
}
