import { Link } from "react-router";

import { paths } from "../app/paths";
import { Empty } from "./Blank";
import { usePageTitle } from "./usePageTitle";

export function NotFoundPage() {
  usePageTitle("Not found");
  return (
    <div className="stack">
      <h1>No such screen</h1>
      <Empty title="This address shows nothing">
        <Link to={paths.home} className="button">
          Go to the entrance
        </Link>
      </Empty>
    </div>
  );
}
