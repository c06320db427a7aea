import { Component, type ReactNode } from "react";

import { Problem } from "./Problem";

interface State {
  error: Error | null;
}

/** The last net: a screen that throws says so, and offers to begin anew. */
export class CrashBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="stack">
        <h1>The film tore</h1>
        <Problem
          error={error}
          onRetry={() => {
            window.location.reload();
          }}
        />
      </main>
    );
  }
}
