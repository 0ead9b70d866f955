// The audits of GraphQL over HTTP that are graphql-http's.
import { auditServer } from "graphql-http";
import { given, run } from "./scenarios.js";

await run(
  Object.fromEntries(
    ["shop", "probe", "automatic", "draft"].map((gateway) => [
      gateway,
      async () => {
        const url = `${given.gateways[gateway]}/graphql`;
        const results = await auditServer({ url, fetchFn: fetch });
        return results.map(({ id, name, status, reason }) => ({ id, name, status, reason }));
      },
    ]),
  ),
);
