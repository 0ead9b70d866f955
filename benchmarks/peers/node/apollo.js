// Apollo Server on Fastify. It keeps parsed and validated documents by itself.

import { ApolloServer } from '@apollo/server'
import fastifyApollo from '@as-integrations/fastify'
import Fastify from 'fastify'
import { loaders } from './shop/loaders.js'
import { resolvers } from './shop/resolvers.js'
import { typeDefs } from './shop/sources.js'

const apollo = new ApolloServer({ typeDefs, resolvers, introspection: false })
await apollo.start()

const app = Fastify()
await app.register(fastifyApollo(apollo), { context: async () => ({ loaders: loaders() }) })
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
