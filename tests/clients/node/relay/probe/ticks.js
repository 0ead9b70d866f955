const { graphql } = require("relay-runtime");

graphql`
  subscription ticksSubscription($count: Int!) {
    ticks(count: $count, seconds: 0) {
      number
    }
  }
`;

graphql`
  fragment ticks_lines on Order {
    lines {
      quantity
    }
  }
`;

graphql`
  query ticksDeferredQuery {
    orders(first: 2) {
      nodes {
        number
        ...ticks_lines @defer(label: "late")
      }
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
