// urql.
import { cacheExchange, fetchExchange } from "@urql/core";
import { pipe, subscribe as listen } from "wonka";
import { given, run, snippet, watched } from "./scenarios.js";

const shop = await snippet("shop", "urql.js");
const probe = await snippet("probe", "urql.js");
const { tokens } = given;

const PRODUCT = `query Product($sku: String!) { product(sku: $sku) { name price cost } }`;
const TICKS = `subscription Ticks($count: Int!) { ticks(count: $count, seconds: 0) { number } }`;
const FOREVER = `subscription { ticks(count: 1000000, seconds: 0.01) { number } }`;
const DEFERRED = `query Orders {
  orders(first: 2) { nodes { id number ... @defer(label: "late") { lines { id quantity } } } }
}`;
const variables = { sku: "KET-0001" };

const answer = ({ data, error }) => ({ data: data ?? null, error: error ? told(error) : null });
const told = ({ message, graphQLErrors, response }) => ({
  message,
  errors: graphQLErrors.map(({ path, extensions }) => ({ path, code: extensions.code })),
  status: response?.status,
});

/** The results of an operation until there are no more, or as many as `most`. */
const results = (source, most = Infinity) =>
  new Promise((done) => {
    const seen = [];
    const { unsubscribe } = pipe(
      source,
      listen((result) => {
        seen.push({ ...answer(result), hasNext: result.hasNext });
        // Not within the callback, where urql leaves a rejection that nobody handles.
        if (seen.length === most) setTimeout(() => done((unsubscribe(), seen)));
        else if (result.hasNext === false) done(seen);
      }),
    );
  });

const persistedBy = async (gateway) => {
  const requests = [];
  const { persisted } = await snippet(gateway, "urql-persisted.js");
  const { clientFor } = await snippet(gateway, "urql.js");
  const exchanges = [persisted, fetchExchange];
  const client = clientFor(null, { exchanges, fetch: watched(requests) });
  const answers = [];
  for (let asked = 0; asked < 2; asked += 1) {
    const { data } = await client.query(`query ByUrql { __typename }`, {}).toPromise();
    answers.push(data.__typename);
  }
  return {
    answers,
    requests: requests.map(({ body, status }) => [
      "query" in body && Boolean(body.query),
      body.extensions?.persistedQuery !== undefined,
      status,
    ]),
  };
};

await run({
  "a query with variables": async () =>
    answer(await shop.clientFor(tokens.staff).query(PRODUCT, variables).toPromise()),
  "a denied field": async () =>
    answer(await shop.clientFor(tokens.support).query(PRODUCT, variables).toPromise()),
  "a query that is not valid": async () =>
    answer(await shop.clientFor(null).query(`{ nothing }`, {}).toPromise()),
  "a token that is not good": async () =>
    answer(await shop.clientFor("nothing").query(PRODUCT, variables).toPromise()),
  "a mutation": async () => {
    const client = probe.clientFor(null);
    const { data } = await client.query(`{ orders(first: 1) { nodes { id } } }`, {}).toPromise();
    const { id } = data.orders.nodes[0];
    const touch = `mutation Touch($id: ID!) { touch(id: $id) { id } }`;
    const touched = await client.mutation(touch, { id }).toPromise();
    return touched.data.touch.id === id;
  },

  "@defer": () => results(probe.clientFor(null).query(DEFERRED, {})),
  "@defer, on the wire": async () => {
    const requests = [];
    await results(probe.clientFor(null, { fetch: watched(requests) }).query(DEFERRED, {}));
    return requests.map(({ headers, type }) => [headers.accept, type]);
  },

  "a subscription by an event stream": () =>
    results(probe.clientFor(null).subscription(TICKS, { count: 3 })),
  "a subscription by an event stream, on the wire": async () => {
    const requests = [];
    const client = probe.clientFor(null, { fetch: watched(requests) });
    await results(client.subscription(TICKS, { count: 1 }));
    return requests.map(({ headers, type }) => [headers.accept, type]);
  },
  "a subscription that its client ends": async () => {
    const seen = await results(probe.clientFor(null).subscription(FOREVER, {}), 3);
    return seen.slice(0, 3).map(({ data }) => data.ticks.number);
  },
  "a subscription that fails": () =>
    results(probe.clientFor(null).subscription(`subscription { breaks }`, {}), 2),
  "a subscription by WebSocket": async () => {
    const { socketExchange } = await snippet("probe", "urql-socket.js");
    const exchanges = [cacheExchange, socketExchange(tokens.staff), fetchExchange];
    const client = probe.clientFor(null, { exchanges, fetchSubscriptions: false });
    return results(client.subscription(TICKS, { count: 3 }));
  },

  "automatic persisted queries": () => persistedBy("automatic"),
  "automatic persisted queries, where there are none": () => persistedBy("probe"),
});
