// graphql-request.
import { given, rejection, run, snippet, watched } from "./scenarios.js";

const shop = await snippet("shop", "graphql-request.js");
const probe = await snippet("probe", "graphql-request.js");
const { tokens } = given;

const PRODUCT = `query Product($sku: String!) { product(sku: $sku) { name price cost } }`;
const variables = { sku: "KET-0001" };

const told = ({ response }) => ({
  status: response.status,
  data: response.data ?? null,
  codes: response.errors.map(({ extensions }) => extensions.code),
});

await run({
  "a query with variables": () => shop.clientFor(tokens.staff).request(PRODUCT, variables),
  "a denied field": async () => {
    const { data, errors } = await shop.clientFor(tokens.support).rawRequest(PRODUCT, variables);
    return { data, errors: errors.map(({ path, extensions }) => [path, extensions.code]) };
  },
  "a denied field, with errorPolicy none": async () =>
    told(
      await rejection(
        shop.clientFor(tokens.support, { errorPolicy: "none" }).request(PRODUCT, variables),
      ),
    ),
  "a query that is not valid": async () =>
    told(
      await rejection(shop.clientFor(null, { errorPolicy: "none" }).request(`{ nothing }`)),
    ),
  "a token that is not good": async () =>
    told(await rejection(shop.clientFor("nothing").request(PRODUCT, variables))),
  "a query by GET": async () => {
    const requests = [];
    const options = { method: "GET", fetch: watched(requests), jsonSerializer: JSON };
    const data = await shop.clientFor(tokens.staff, options).request(PRODUCT, variables);
    return [requests.map(({ method, status }) => [method, status]), data];
  },
  "@defer changes nothing": async () =>
    probe.clientFor(null).request(`{ a: __typename ... @defer { b: __typename } }`),
  "on the wire": async () => {
    const requests = [];
    await shop.clientFor(tokens.staff, { fetch: watched(requests) }).request(PRODUCT, variables);
    return requests.map(({ headers, type }) => [headers.accept, type]);
  },
});
