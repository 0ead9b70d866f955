// The shop's resolvers, as every graphql-js server takes them. Rows have the fields' names, so
// what is not here is resolved by default.

import { GraphQLScalarType } from 'graphql'
import { CUSTOMER, ORDER, PRODUCT } from './loaders.js'
import { catalog, rows } from './sources.js'

const SORTS = { PLACED_AT: 'placed_at', TOTAL: 'total' }

export const resolvers = {
  DateTime: new GraphQLScalarType({
    name: 'DateTime',
    serialize: value => value.toISOString(),
    parseValue: value => new Date(value),
    parseLiteral: node => new Date(node.value)
  }),

  Decimal: new GraphQLScalarType({
    name: 'Decimal',
    serialize: String,
    parseValue: String,
    parseLiteral: node => node.value
  }),

  Query: {
    async customer (_, { email }) {
      const found = await rows(`select ${CUSTOMER} from customers where email = $1`, [email])
      return found[0]
    },
    product: (_, { sku }) => catalog.collection('products').findOne({ sku }, { projection: PRODUCT }),
    async orders (_, { first, where, orderBy }) {
      const { condition, values } = filter(where)
      const order = orderBy?.length ? orderBy : [{ field: 'PLACED_AT', direction: 'DESC' }]
      const columns = order.map(({ field, direction }) => `${SORTS[field]} ${direction}`)
      columns.push(`id ${order.at(-1).direction}`)
      const text = `select ${ORDER} from orders ${condition}
        order by ${columns.join(', ')} limit $${values.length + 1}`
      const found = await rows(text, [...values, first + 1])
      const count = async () => (await rows(
        `select count(*)::int as n from orders ${condition}`, values
      ))[0].n
      return connection(found, first, count)
    }
  },

  Customer: {
    async orders ({ id }, { first }, { loaders }) {
      const count = async () => (await rows(
        'select count(*)::int as n from orders where customer_id = $1', [id]
      ))[0].n
      return connection(await loaders.ordersOf(first).load(id), first, count)
    }
  },

  Order: {
    customer: ({ customerId }, _, { loaders }) => loaders.customers.load(customerId),
    lines: ({ id }, _, { loaders }) => loaders.lines.load(id),
    shipment: ({ id }, _, { loaders }) => loaders.shipments.load(id)
  },

  OrderConnection: {
    totalCount: ({ count }) => count()
  },

  PageInfo: {
    endCursor: ({ last }) => cursor(last)
  },

  OrderLine: {
    product: ({ sku }, _, { loaders }) => loaders.products.load(sku)
  },

  Product: {
    category: ({ categoryId }, _, { loaders }) => loaders.categories.load(categoryId),
    stock: ({ sku }, _, { loaders }) => loaders.stock.load(sku),
    reviews: async ({ _id }, { first }, { loaders }) => ({
      nodes: await loaders.reviewsOf(first).load(_id)
    })
  },

  Review: {
    author: ({ customerId }, _, { loaders }) => loaders.customers.load(String(customerId))
  },

  Shipment: {
    trackingNumber: ({ tracking_number: number }) => number,
    trackingUrl: ({ tracking_url: url }) => url
  }
}

function connection (found, first, count) {
  const nodes = found.slice(0, first)
  return {
    nodes,
    count,
    pageInfo: { hasNextPage: found.length > first, last: nodes.at(-1) }
  }
}

function cursor (row) {
  if (row === undefined) return null
  return Buffer.from(JSON.stringify([row.placedAt, row.total, row.id])).toString('base64url')
}

function filter (where) {
  const parts = []
  const values = []
  const add = (text, value) => {
    if (value == null) return
    values.push(value)
    parts.push(text.replace('?', `$${values.length}`))
  }
  add('status = any(?::order_status[])', where?.status?.in)
  add('placed_at >= ?', where?.placedAt?.gte)
  add('placed_at < ?', where?.placedAt?.lt)
  add('total >= ?', where?.total?.gte)
  return { condition: parts.length ? `where ${parts.join(' and ')}` : '', values }
}
