// Mercurius on Fastify. It compiles each document with graphql-jit when it sees it again.

import Fastify from 'fastify'
import mercurius from 'mercurius'
import { loaders } from './shop/loaders.js'
import { resolvers } from './shop/resolvers.js'
import { typeDefs } from './shop/sources.js'

const app = Fastify()
await app.register(mercurius, {
  schema: typeDefs,
  resolvers,
  jit: 1,
  graphiql: false,
  context: () => ({ loaders: loaders() })
})
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
