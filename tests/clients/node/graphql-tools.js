// GraphQL Tools' executor over HTTP.
import { parse } from "graphql";
import { collect, given, run, snippet, watched } from "./scenarios.js";

const shop = await snippet("shop", "graphql-tools.js");
const probe = await snippet("probe", "graphql-tools.js");
const { tokens } = given;

const PRODUCT = parse(`query Product($sku: String!) { product(sku: $sku) { name price cost } }`);
const TICKS = parse(`subscription Ticks($count: Int!) {
  ticks(count: $count, seconds: 0) { number }
}`);
const FOREVER = parse(`subscription { ticks(count: 1000000, seconds: 0.01) { number } }`);
const variables = { sku: "KET-0001" };

const plain = (value) => JSON.parse(JSON.stringify(value));

await run({
  "a query with variables": async () =>
    plain(await shop.executorFor(tokens.staff)({ document: PRODUCT, variables })),
  "a denied field": async () =>
    plain(await shop.executorFor(tokens.support)({ document: PRODUCT, variables })),
  "a subscription": async () =>
    collect(await probe.executorFor(null)({ document: TICKS, variables: { count: 3 } })),
  "a subscription, on the wire": async () => {
    const requests = [];
    const executor = probe.executorFor(null, { fetch: watched(requests) });
    await collect(await executor({ document: TICKS, variables: { count: 1 } }));
    return requests.map(({ headers, type }) => [headers.accept, type]);
  },
  "a subscription that its client ends": async () => {
    const ticks = await collect(await probe.executorFor(null)({ document: FOREVER }), 3);
    return ticks.map(({ data }) => data.ticks.number);
  },
});
