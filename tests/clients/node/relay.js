// Relay's runtime, with what its compiler made of relay/.
import { createRequire } from "node:module";
import path from "node:path";
import relay from "relay-runtime";
import { given, rejection, run, snippet } from "./scenarios.js";

const { commitMutation, createOperationDescriptor, fetchQuery, getRequest, getSelector } = relay;
const { requestSubscription } = relay;
const require = createRequire(import.meta.url);

const artifact = (project, name) => {
  const module = require(path.join(given.projects[project], `src/__generated__/${name}.graphql.js`));
  return module.default ?? module;
};

const { environmentFor } = await snippet("shop", "relay.js");
const environment = (gateway, caller) =>
  environmentFor(given.tokens[caller], `${given.trusted[gateway]}/graphql`);

const read = (store, fragment, reference) =>
  store.lookup(getSelector(artifact("shop", fragment), reference)).data;

const connection = (store, variables) => {
  const request = getRequest(artifact("shop", "productsQuery"));
  const operation = createOperationDescriptor(request, variables);
  return read(store, "products_list", store.lookup(operation.fragment).data).products;
};
const one = (store, sku) =>
  fetchQuery(store, artifact("shop", "productsOneQuery"), { sku }).toPromise();

await run({
  "a connection, page by page": async () => {
    const store = environment("shop", "staff");
    await fetchQuery(store, artifact("shop", "productsQuery"), { first: 3 }).toPromise();
    const before = connection(store, { first: 3 });
    const { endCursor, hasNextPage } = before.pageInfo;
    const next = { first: 3, after: endCursor };
    await fetchQuery(store, artifact("shop", "productsPageQuery"), next).toPromise();
    const names = ({ edges }) => edges.map(({ node }) => node.name);
    return [hasNextPage, names(before), names(connection(store, { first: 3 }))];
  },
  "a fragment, and the same once more by its object's id": async () => {
    const store = environment("shop", "staff");
    const { product } = await one(store, "KET-0001");
    const shown = read(store, "products_detail", product);
    const again = artifact("shop", "productsAgainQuery");
    const { node } = await fetchQuery(store, again, { id: product.id }).toPromise();
    return [shown, read(store, "products_detail", node)];
  },
  "a denied field": async () => {
    const { required, caught } = await one(environment("shop", "support"), "KET-0001");
    return { required, caught };
  },
  "a field that is shown": async () => {
    const { required, caught } = await one(environment("shop", "staff"), "KET-0001");
    return { required, caught };
  },
  "a token that is not good": async () => {
    const store = environmentFor("nothing", `${given.trusted.shop}/graphql`);
    const error = await rejection(one(store, "KET-0001"));
    return error.message;
  },
  "a subscription": () =>
    new Promise((done) => {
      const values = [];
      requestSubscription(environment("probe", "anonymous"), {
        subscription: artifact("probe", "ticksSubscription"),
        variables: { count: 3 },
        onNext: (value) => values.push(value),
        onError: (error) => done({ values, error: String(error) }),
        onCompleted: () => done({ values }),
      });
    }),
  "@defer": async () => {
    const store = environment("probe", "anonymous");
    const warnings = [];
    const { error } = console;
    console.error = (...told) => warnings.push(told.map(String).join(" "));
    const deferred = artifact("probe", "ticksDeferredQuery");
    const { orders } = await fetchQuery(store, deferred, {}).toPromise();
    console.error = error;
    const fragment = artifact("probe", "ticks_lines");
    return {
      warnings,
      nodes: orders.nodes.map((node) => ({
        number: node.number,
        lines: store.lookup(getSelector(fragment, node)).data.lines,
      })),
    };
  },
  "a mutation": async () => {
    const store = environment("probe", "anonymous");
    const orders = artifact("probe", "ticksOrdersQuery");
    const { id } = (await fetchQuery(store, orders, {}).toPromise()).orders.nodes[0];
    const touched = await new Promise((done, fail) =>
      commitMutation(store, {
        mutation: artifact("probe", "ticksTouchMutation"),
        variables: { id },
        onCompleted: done,
        onError: fail,
      }),
    );
    return touched.touch.id === id;
  },
});
