/** What went wrong with a call, as the API's problem documents (RFC 9457) say it. */

export interface FieldError {
  location: string;
  message: string;
}

interface ProblemDocument {
  title: string;
  status: number;
  detail?: string | null;
  request_id?: string | null;
  errors?: FieldError[] | null;
}

export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  constructor(
    readonly title: string,
    readonly detail: string,
    /** The HTTP status; 0 where no answer came. */
    readonly status: number,
    readonly requestId: string | null = null,
    readonly errors: readonly FieldError[] = [],
  ) {
    super(detail ? `${title}: ${detail}` : title);
  }

  /** Whether the person has to say (again) who they are. */
  get wantsSignIn(): boolean {
    return this.status === 401 || this.status === 403;
  }

  static unreachable(): ApiProblem {
    return new ApiProblem(
      "Marquee cannot be reached",
      "The server did not answer. It may be starting, or the connection may be down.",
      0,
    );
  }

  /** Reads a failed answer; anything but a problem document (a proxy's page, say) is told by its status. */
  static from(body: unknown, response: Response): ApiProblem {
    const requestId = response.headers.get("x-request-id");
    if (isProblemDocument(body)) {
      const { title, detail, status, request_id, errors } = body;
      return new ApiProblem(title, detail ?? "", status, request_id ?? requestId, errors ?? []);
    }
    const unavailable = response.status === 502 || response.status === 503 || response.status === 504;
    const title = unavailable ? "Marquee is not ready" : "The server gave an unexpected answer";
    return new ApiProblem(title, `It answered with status ${response.status}.`, response.status, requestId);
  }
}

function isProblemDocument(body: unknown): body is ProblemDocument {
  return (
    typeof body === "object" &&
    body !== null &&
    "title" in body &&
    typeof body.title === "string" &&
    "status" in body &&
    typeof body.status === "number"
  );
}
