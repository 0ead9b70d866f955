// Apollo Client 4.
import { ApolloClient, CombinedGraphQLErrors, gql, HttpLink, InMemoryCache } from "@apollo/client";
import { Defer20220824Handler } from "@apollo/client/incremental";
import { given, observe, rejection, run, snippet, watched } from "./scenarios.js";

const shop = await snippet("shop", "apollo.js");
const probe = await snippet("probe", "apollo.js");
const { tokens, gateways } = given;

const PRODUCT = gql`
  query Product($sku: String!) {
    product(sku: $sku) {
      name
      price
      cost
    }
  }
`;
const TICKS = gql`
  subscription Ticks($count: Int!) {
    ticks(count: $count, seconds: 0) {
      number
    }
  }
`;
const FOREVER = gql`
  subscription {
    ticks(count: 1000000, seconds: 0.01) {
      number
    }
  }
`;
const DEFERRED = gql`
  query Orders {
    orders(first: 2) {
      nodes {
        id
        number
        ... @defer(label: "late") {
          lines {
            id
            quantity
          }
        }
      }
    }
  }
`;
const SLOW = gql`
  {
    slow(seconds: 0)
  }
`;
const STREAMED = gql`
  query Orders {
    orders(first: 3) {
      nodes @stream(initialCount: 1) {
        id
        number
      }
    }
  }
`;
const variables = { sku: "KET-0001" };

const answer = ({ data, error }) => ({ data, error: error ? told(error) : null });
const told = (error) =>
  CombinedGraphQLErrors.is(error)
    ? error.errors.map(({ message, path, extensions }) => ({ message, path, ...extensions }))
    : `${error.name}: ${error.message}`;

/** The results of a query that is watched, until nothing is loading. */
function results(client, query) {
  return new Promise((done, fail) => {
    const seen = [];
    client.watchQuery({ query }).subscribe({
      next: ({ data, networkStatus, dataState }) => {
        if (dataState !== "empty") seen.push({ data, dataState });
        if (networkStatus === 7) done(seen);
      },
      error: fail,
    });
  });
}

async function typesOf(client, query) {
  const requests = [];
  await client(requests).query({ query });
  return requests.map(({ headers, type }) => [headers.accept, type]);
}

const withSocket = async (caller) => {
  const { linkFor } = await snippet("probe", "apollo-socket.js");
  const client = probe.clientFor(tokens[caller]);
  client.setLink(linkFor(tokens[caller], client.link));
  return client;
};

const persistedBy = async (gateway) => {
  const requests = [];
  const { persisted } = await snippet(gateway, "apollo-persisted.js");
  const { clientFor } = await snippet(gateway, "apollo.js");
  const client = clientFor(null, { fetch: watched(requests) });
  client.setLink(persisted.concat(client.link));
  const query = gql`
    query Name {
      __typename
    }
  `;
  const answers = [];
  for (let asked = 0; asked < 2; asked += 1) {
    const { data } = await client.query({ query, fetchPolicy: "no-cache" });
    answers.push(data.__typename);
  }
  return {
    answers,
    requests: requests.map(({ body, status }) => [
      "query" in body,
      body.extensions?.persistedQuery !== undefined,
      status,
    ]),
  };
};

await run({
  "a query with variables": async () =>
    answer(await shop.clientFor(tokens.staff).query({ query: PRODUCT, variables })),

  "a denied field": async () =>
    told(await rejection(shop.clientFor(tokens.support).query({ query: PRODUCT, variables }))),
  "a denied field, with errorPolicy all": async () =>
    answer(
      await shop
        .clientFor(tokens.support)
        .query({ query: PRODUCT, variables, errorPolicy: "all" }),
    ),
  "a denied field, with errorPolicy ignore": async () =>
    answer(
      await shop
        .clientFor(tokens.support)
        .query({ query: PRODUCT, variables, errorPolicy: "ignore" }),
    ),
  "a query that is not valid": async () =>
    told(await rejection(shop.clientFor(null).query({ query: gql`{ nothing }` }))),
  "a token that is not good": async () =>
    told(await rejection(shop.clientFor("nothing").query({ query: PRODUCT, variables }))),
  "partial data, as the draft tells it": async () => {
    const { clientFor } = await snippet("draft", "apollo.js");
    const requests = [];
    const client = clientFor(null, { fetch: watched(requests) });
    const query = gql`
      {
        broken
      }
    `;
    const { data, error } = await client.query({ query, errorPolicy: "all" });
    const refused = await rejection(client.query({ query: gql`{ nothing }` }));
    return [requests.map(({ status }) => status), data, told(error)[0].code, told(refused)[0].code];
  },

  "a mutation": async () => {
    const client = probe.clientFor(null);
    const { data } = await client.query({
      query: gql`
        {
          orders(first: 1) {
            nodes {
              id
            }
          }
        }
      `,
    });
    const { id } = data.orders.nodes[0];
    const mutation = gql`
      mutation Touch($id: ID!) {
        touch(id: $id) {
          id
        }
      }
    `;
    const touched = await client.mutate({ mutation, variables: { id } });
    return touched.data.touch.id === id;
  },

  "fragments on an interface": async () => {
    const client = shop.clientFor(tokens.staff);
    const named = await client.query({
      query: gql`
        query ($sku: String!) {
          product(sku: $sku) {
            id
          }
        }
      `,
      variables,
    });
    const { data } = await client.query({
      query: gql`
        query Node($id: ID!) {
          node(id: $id) {
            id
            ... on Product {
              name
            }
          }
        }
      `,
      variables: { id: named.data.product.id },
    });
    return data.node;
  },

  "@defer": () => results(probe.clientFor(null), DEFERRED),
  "@stream": () => results(probe.clientFor(null), STREAMED),
  "@defer, on the wire": () =>
    typesOf((requests) => probe.clientFor(null, { fetch: watched(requests) }), DEFERRED),
  "@defer, with the older handler": async () => {
    const requests = [];
    const client = new ApolloClient({
      link: new HttpLink({ uri: `${gateways.probe}/graphql`, fetch: watched(requests) }),
      cache: new InMemoryCache(),
      incrementalHandler: new Defer20220824Handler(),
    });
    const seen = await results(client, DEFERRED);
    return { seen, types: requests.map(({ type }) => type) };
  },
  "@defer, with no handler": async () => {
    const requests = [];
    const client = new ApolloClient({
      link: new HttpLink({ uri: `${gateways.probe}/graphql`, fetch: watched(requests) }),
      cache: new InMemoryCache(),
    });
    const error = await rejection(client.query({ query: DEFERRED }));
    return [error.name, requests.length];
  },
  "a query on the wire": () =>
    typesOf((requests) => probe.clientFor(null, { fetch: watched(requests) }), SLOW),

  "a subscription by multipart": () =>
    observe(probe.clientFor(null).subscribe({ query: TICKS, variables: { count: 3 } })),
  "a subscription by multipart, on the wire": async () => {
    const requests = [];
    const client = probe.clientFor(null, { fetch: watched(requests) });
    await observe(client.subscribe({ query: TICKS, variables: { count: 1 } }));
    return requests.map(({ headers, type }) => [headers.accept, type]);
  },
  "a subscription by multipart that fails": async () => {
    const query = gql`
      subscription {
        breaks
      }
    `;
    const { values } = await observe(probe.clientFor(null).subscribe({ query }));
    return values.map(({ data, error }) => [
      data ?? null,
      error ? [error.name, error.errors.map(({ extensions }) => extensions.code)] : null,
    ]);
  },
  "a subscription by multipart that is not valid": async () => {
    const query = gql`
      subscription {
        nothing
      }
    `;
    const { values } = await observe(probe.clientFor(null).subscribe({ query }));
    return values.map(({ data, error }) => [data ?? null, told(error).map(({ code }) => code)]);
  },
  "a subscription by multipart that its client ends": async () => {
    const seen = await new Promise((done, fail) => {
      const values = [];
      const subscription = probe
        .clientFor(null)
        .subscribe({ query: FOREVER })
        .subscribe({
          next: ({ data }) => {
            values.push(data.ticks.number);
            if (values.length === 3) {
              subscription.unsubscribe();
              done(values);
            }
          },
          error: fail,
        });
    });
    return seen;
  },

  "a subscription by WebSocket": async () => {
    const client = await withSocket("staff");
    return observe(client.subscribe({ query: TICKS, variables: { count: 3 } }));
  },

  "automatic persisted queries": () => persistedBy("automatic"),
  "automatic persisted queries, where there are none": () => persistedBy("probe"),
});
