import { ApiProblem } from "../api/problem";
import styles from "./Problem.module.css";

interface ProblemProps {
  error: Error;
  onRetry?: (() => void) | undefined;
}

/** A failure as its problem document tells it, with the request id to quote. */
export function Problem({ error, onRetry }: ProblemProps) {
  const problem = asProblem(error);
  return (
    <div className={styles.problem} role="alert">
      <p className={styles.title}>{problem.title}</p>
      {problem.detail && <p>{problem.detail}</p>}
      {problem.errors.length > 0 && (
        <ul className={styles.errors}>
          {problem.errors.map(({ location, message }) => (
            <li key={location}>
              <code>{location}</code>: {message}
            </li>
          ))}
        </ul>
      )}
      {problem.requestId && (
        <p className={styles.request}>
          Request <code>{problem.requestId}</code>
        </p>
      )}
      {onRetry && problem.status !== 404 && (
        <button type="button" className="button quiet" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

function asProblem(error: Error): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem("This screen failed", error.message, 0);
}
