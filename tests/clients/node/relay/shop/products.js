const { graphql } = require("relay-runtime");

graphql`
  query productsQuery($first: Int!) {
    ...products_list @arguments(first: $first)
  }
`;

graphql`
  fragment products_list on Query
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" })
  @refetchable(queryName: "productsPageQuery") {
    products(first: $first, after: $after) @connection(key: "products_products") {
      edges {
        node {
          id
          name
        }
      }
    }
  }
`;

graphql`
  query productsOneQuery($sku: String!) {
    product(sku: $sku) {
      id
      ...products_detail
    }
    required: product(sku: $sku) {
      name
      cost @required(action: NONE)
    }
    caught: product(sku: $sku) {
      name
      cost @catch(to: RESULT)
    }
  }
`;

graphql`
  fragment products_detail on Product @refetchable(queryName: "productsAgainQuery") {
    name
    price
    stock {
      available
    }
  }
`;
