// Apollo Client 4, where trusted documents alone run.
import { readFile } from "node:fs/promises";
import { gql } from "@apollo/client";
import { given, rejection, run, snippet, watched } from "./scenarios.js";

const { clientFor } = await snippet("shop", "apollo.js");
const { trusted } = await snippet("shop", "apollo-trusted.js");

const client = (requests) => {
  const plain = clientFor(null, { uri: `${given.trusted}/graphql`, fetch: watched(requests) });
  const link = trusted(async () => JSON.parse(await readFile(given.manifest)));
  plain.setLink(link.concat(plain.link));
  return plain;
};

await run({
  "a document of the manifest": async () => {
    const requests = [];
    const query = gql(await readFile(given.document, "utf8"));
    const { data } = await client(requests).query({ query, variables: { first: 2 } });
    return { data, requests: requests.map(({ body, status }) => ["query" in body, status]) };
  },
  "another document": async () => {
    const requests = [];
    const query = gql`
      query Other {
        product(sku: "KET-0001") {
          name
        }
      }
    `;
    const error = await rejection(client(requests).query({ query }));
    return [error.message, requests.length];
  },
});
