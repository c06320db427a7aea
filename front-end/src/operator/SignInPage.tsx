import { useState, type SyntheticEvent } from "react";

import { ApiProblem } from "../api/problem";
import { useSignIn } from "../api/session";
import { Problem } from "../shell/Problem";
import { usePageTitle } from "../shell/usePageTitle";
import styles from "./SignInPage.module.css";

export function SignInPage({ viewer }: { viewer: string | null }) {
  usePageTitle("Operator sign-in");
  const [name, setName] = useState("operator");
  const [password, setPassword] = useState("");
  const signIn = useSignIn();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    signIn.mutate({ name, password });
  };
  return (
    <div className={styles.door}>
      <h1>Operator’s desk</h1>
      <p className="soft">The password was printed when Marquee first started; with Compose it is the secret <code>operator_password</code>.</p>
      {viewer !== null && <p className="soft">Signing in here takes you out of profile {viewer}.</p>}
      <form className="stack" onSubmit={submit}>
        <div>
          <label htmlFor="operator-name" className="label">
            Name
          </label>
          <input
            id="operator-name"
            className="field"
            autoComplete="username"
            required
            maxLength={100}
            value={name}
            onChange={({ target }) => {
              setName(target.value);
            }}
          />
        </div>
        <div>
          <label htmlFor="operator-password" className="label">
            Password
          </label>
          <input
            id="operator-password"
            type="password"
            className="field"
            autoComplete="current-password"
            required
            maxLength={1024}
            value={password}
            onChange={({ target }) => {
              setPassword(target.value);
            }}
          />
        </div>
        {signIn.isError && <Problem error={refusal(signIn.error)} />}
        <button type="submit" className="button" disabled={signIn.isPending}>
          {signIn.isPending ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </div>
  );
}

/** A wrong password is the person's to mend: no request to quote, no kind of error. */
function refusal(error: Error): Error {
  return error instanceof ApiProblem && error.status === 401 ? new ApiProblem("Name or password is wrong.", "", 401) : error;
}
