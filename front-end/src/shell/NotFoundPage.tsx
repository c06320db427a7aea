import { Link } from "react-router";

import { paths } from "../app/paths";
import { Empty } from "./Blank";
import { usePageTitle } from "./usePageTitle";

export function NotFoundPage() {
  usePageTitle("Not found");
  return <NotFound heading="No such screen" title="This address shows nothing" />;
}

/** What is not there, and the two ways on. */
export function NotFound({ heading, title }: { heading: string; title: string }) {
  return (
    <div className="stack">
      <h1>{heading}</h1>
      <Empty title={title}>
        <div className="cluster">
          <Link to={paths.home} className="button">
            Go to the entrance
          </Link>
          <Link to={paths.search("")} className="button quiet">
            Search all titles
          </Link>
        </div>
      </Empty>
    </div>
  );
}
