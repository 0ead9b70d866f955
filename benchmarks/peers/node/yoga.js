// GraphQL Yoga on Node's own HTTP server. It keeps parsed and validated documents by itself.

import { createServer } from 'node:http'
import { createSchema, createYoga } from 'graphql-yoga'
import { loaders } from './shop/loaders.js'
import { resolvers } from './shop/resolvers.js'
import { typeDefs } from './shop/sources.js'

const yoga = createYoga({
  schema: createSchema({ typeDefs, resolvers }),
  context: () => ({ loaders: loaders() }),
  graphiql: false,
  landingPage: false,
  logging: 'error'
})

createServer(yoga).listen(Number(process.env.PORT), '127.0.0.1')
