import { describe, expect, it } from "vitest";

import { ApiProblem } from "./problem";

const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

describe("ApiProblem.from", () => {
  it("reads a problem document", () => {
    const body = { type: "x", title: "Not found", status: 404, detail: "There is no item '9'.", request_id: "r1" };
    const problem = ApiProblem.from(body, answer(404));
    expect(problem).toMatchObject({ title: "Not found", detail: "There is no item '9'.", status: 404, requestId: "r1" });
    expect(problem.message).toBe("Not found: There is no item '9'.");
  });

  it("makes do with the status of anything else", () => {
    const problem = ApiProblem.from("<html>Bad gateway</html>", answer(502, { "x-request-id": "r2" }));
    expect(problem).toMatchObject({ title: "Marquee is not ready", status: 502, requestId: "r2" });
  });
});
