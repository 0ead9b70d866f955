import { graphql, useFragment, type FragmentType } from "./gql";
import type { ProductsQuery, ProductsQueryVariables } from "./gql/graphql";
import type { ResultOf, VariablesOf } from "@graphql-typed-document-node/core";

export const detail = graphql(`
  fragment Detail on Product {
    name
    price
    cost
    createdAt
    categoryPath
  }
`);

export const products = graphql(`
  query Products($first: Int!, $where: ProductFilter) {
    products(first: $first, where: $where) {
      nodes {
        id
        ...Detail
      }
      pageInfo {
        endCursor
      }
    }
    node(id: "x") {
      __typename
      ... on Order {
        status
        placedAt
      }
    }
  }
`);

export function prices(result: ResultOf<typeof products>): string[] {
  return (result.products?.nodes ?? []).map((node) => price(node));
}

export function price(product: FragmentType<typeof detail>): string {
  const { price, cost, name } = useFragment(detail, product);
  const shown: string | null | undefined = cost;
  return `${name}: ${price.toUpperCase()} (${shown ?? "?"})`;
}

export const variables: VariablesOf<typeof products> = {
  first: 3,
  where: { price: { gte: "10.00" } },
};
export const same: ProductsQueryVariables = variables;

// @ts-expect-error A Decimal is a text, with all its digits.
export const wrong: ProductsQueryVariables = { first: 3, where: { price: { gte: 10 } } };

// @ts-expect-error What is asked for must be there.
export const none: ProductsQuery = {};
