import { ExplainToggle } from './ExplainToggle.jsx';

/** What stands under the Run button: GraphiQL's own tools, then ours. */
export function tools({ explain }) {
  return ({ prettify, merge, copy }) => (
    <>
      {prettify}
      {merge}
      {copy}
      {explain && <ExplainToggle />}
    </>
  );
}
