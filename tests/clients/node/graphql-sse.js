// graphql-sse, in its distinct connections mode.
import { collect, given, rejection, run, snippet, watched } from "./scenarios.js";

const shop = await snippet("shop", "graphql-sse.js");
const probe = await snippet("probe", "graphql-sse.js");
const { tokens } = given;

const query = (client, text) => collect(client.iterate({ query: text }));
const told = ({ message, response }) => ({ message, status: response?.status ?? null });

await run({
  "a query with variables": () =>
    collect(
      shop.clientFor(tokens.staff).iterate({
        query: `query Product($sku: String!) { product(sku: $sku) { name price cost } }`,
        variables: { sku: "KET-0001" },
      }),
    ),
  "a denied field": () =>
    query(shop.clientFor(tokens.support), `{ product(sku: "KET-0001") { name cost } }`),
  "a query that is not valid": () => query(probe.clientFor(null), `{ nothing }`),
  "a token that is not good": async () =>
    told(
      await rejection(query(shop.clientFor("nothing", { retryAttempts: 0 }), `{ __typename }`)),
    ),
  "a subscription": () =>
    query(probe.clientFor(null), `subscription { ticks(count: 3, seconds: 0) { number } }`),
  "a subscription that its client ends": async () => {
    const text = `subscription { ticks(count: 1000000, seconds: 0.01) { number } }`;
    const ticks = await collect(probe.clientFor(null).iterate({ query: text }), 3);
    return ticks.map(({ data }) => data.ticks.number);
  },
  "a subscription that fails": () => query(probe.clientFor(null), `subscription { breaks }`),
  "@defer": () =>
    query(probe.clientFor(null), `{ a: __typename ... @defer { b: __typename } }`),
  "on the wire": async () => {
    const requests = [];
    await query(probe.clientFor(null, { fetchFn: watched(requests) }), `{ __typename }`);
    return requests.map(({ headers, type }) => [headers.accept, type]);
  },
  "the single connection mode": async () => {
    const client = probe.clientFor(null, { singleConnection: true, retryAttempts: 0 });
    return told(await rejection(query(client, `{ __typename }`)));
  },
});
