// graphql-ws.
import { collect, given, rejection, run, sleep, snippet } from "./scenarios.js";

const shop = await snippet("shop", "graphql-ws.js");
const probe = await snippet("probe", "graphql-ws.js");
const { tokens } = given;

const TICKS = `subscription Ticks($count: Int!, $seconds: Float!) {
  ticks(count: $count, seconds: $seconds) { number }
}`;

/** What the one that closes says, when `ask` is done with a client that has such options. */
async function closing(clientFor, ask, options = {}, token = null) {
  let told;
  const closed = new Promise((done) => {
    told = ({ code, reason }) => done({ code, reason });
  });
  const client = clientFor(token, { ...options, on: { ...options.on, closed: told } });
  await ask(client).catch(() => {});
  return closed;
}

const query = (client, text) => collect(client.iterate({ query: text }));

await run({
  "a query": () => query(probe.clientFor(null), `{ __typename }`),
  "a query with variables, as somebody": () =>
    collect(
      shop.clientFor(tokens.staff).iterate({
        query: `query Product($sku: String!) { product(sku: $sku) { name price cost } }`,
        variables: { sku: "KET-0001" },
      }),
    ),
  "a denied field": () =>
    query(shop.clientFor(tokens.support), `{ product(sku: "KET-0001") { name cost } }`),
  "a mutation": async () => {
    const client = probe.clientFor(null);
    const [{ data }] = await query(client, `{ orders(first: 1) { nodes { id } } }`);
    const { id } = data.orders.nodes[0];
    const [touched] = await collect(
      client.iterate({
        query: `mutation Touch($id: ID!) { touch(id: $id) { id } }`,
        variables: { id },
      }),
    );
    return touched.data.touch.id === id;
  },
  "a subscription": () =>
    collect(
      probe.clientFor(null).iterate({ query: TICKS, variables: { count: 3, seconds: 0 } }),
    ),
  "a subscription that its client completes, and the connection goes on": async () => {
    const client = probe.clientFor(null, { lazy: false });
    const variables = { count: 1_000_000, seconds: 0.01 };
    const ticks = await collect(client.iterate({ query: TICKS, variables }), 3);
    const [after] = await query(client, `{ __typename }`);
    return [ticks.map(({ data }) => data.ticks.number), after];
  },
  "an operation that can't run ends, and the connection goes on": async () => {
    let opened = 0;
    const client = probe.clientFor(null, { lazy: false, on: { opened: () => (opened += 1) } });
    const errors = [];
    for (const text of ["", "{", "{ nothing }"]) {
      const error = await rejection(query(client, text));
      errors.push(error.map(({ extensions }) => extensions.code));
    }
    const [after] = await query(client, `{ __typename }`);
    return [errors, after, opened];
  },
  "its pings are answered": () =>
    new Promise((done) => {
      probe.clientFor(null, {
        lazy: false,
        keepAlive: 100,
        on: { pong: (received) => received && done(true) },
      });
    }),
  "a payload of a ping comes back": () =>
    new Promise((done) => {
      probe.clientFor(null, {
        lazy: false,
        on: {
          connected: (socket) => socket.send('{"type":"ping","payload":{"at":5}}'),
          pong: (received, payload) => received && done(payload),
        },
      });
    }),

  "closed for a token that is not good": () =>
    closing(probe.clientFor, (client) => query(client, `{ __typename }`), {}, "nothing"),
  "what was refused is not sent again": async () => {
    const tries = [];
    const on = { connecting: (isRetry) => tries.push(isRetry) };
    const { code } = await rejection(query(probe.clientFor("nothing", { on }), `{ __typename }`));
    return [tries, code];
  },
  "closed for a message that is none": () =>
    closing(probe.clientFor, () => sleep(0), {
      lazy: false,
      on: { connected: (socket) => socket.send("nothing") },
    }),
  "closed for a second connection_init": () =>
    closing(probe.clientFor, () => sleep(0), {
      lazy: false,
      on: { connected: (socket) => socket.send('{"type":"connection_init"}') },
    }),
  "closed for an operation of an id that runs": () =>
    closing(probe.clientFor, () => sleep(0), {
      lazy: false,
      on: {
        connected: (socket) => {
          const payload = { query: "{ slow(seconds: 5) }" };
          const message = JSON.stringify({ id: "a", type: "subscribe", payload });
          socket.send(message);
          socket.send(message);
        },
      },
    }),
  "closed for an operation before connection_init": () =>
    new Promise((done) => {
      const socket = new WebSocket(
        given.gateways.probe.replace("http", "ws") + "/graphql",
        "graphql-transport-ws",
      );
      const payload = { query: "{ __typename }" };
      socket.onopen = () => socket.send(JSON.stringify({ id: "a", type: "subscribe", payload }));
      socket.onclose = ({ code, reason }) => done({ code, reason });
    }),
});
