const { graphql } = require("relay-runtime");

graphql`
  subscription ticksSubscription($count: Int!) {
    ticks(count: $count, seconds: 0) {
      number
    }
  }
`;

graphql`
  query ticksOrdersQuery {
    orders(first: 1) {
      nodes {
        id
      }
    }
  }
`;

graphql`
  mutation ticksTouchMutation($id: ID!) {
    touch(id: $id) {
      id
      number
    }
  }
`;
