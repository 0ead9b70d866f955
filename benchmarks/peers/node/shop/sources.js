// Connections to the shop's databases and services, sized as the gateway's are.

import { readFileSync } from 'node:fs'
import { MongoClient } from 'mongodb'
import pg from 'pg'
import { Pool } from 'undici'

const { env } = process

export const typeDefs = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')

export const shop = new pg.Pool({ connectionString: env.SHOP_URL, max: 10 })

const mongo = new MongoClient(env.CATALOG_URL, { maxPoolSize: 50 })
await mongo.connect()
export const catalog = mongo.db(env.CATALOG_DATABASE)

const inventory = new Pool(env.INVENTORY_URL, { connections: 20 })
const shipping = new Pool(env.SHIPPING_URL, { connections: 20 })

const names = new Map()

/** The rows of a statement, which PostgreSQL prepares once for each connection. */
export async function rows (text, values) {
  let name = names.get(text)
  if (name === undefined) names.set(text, name = `statement ${names.size}`)
  return (await shop.query({ name, text, values })).rows
}

export async function stock (skus) {
  const query = new URLSearchParams(skus.map(sku => ['sku', sku]))
  return (await json(inventory, `/stock?${query}`)).items
}

/** The shipment of one order, or null: the service has no request for several. */
export function shipment (orderId) {
  return json(shipping, `/shipments/${orderId}`)
}

async function json (service, path) {
  const { statusCode, body } = await service.request({ method: 'GET', path })
  if (statusCode === 404) {
    await body.dump()
    return null
  }
  if (statusCode !== 200) {
    await body.dump()
    throw new Error(`${path} answered ${statusCode}`)
  }
  return body.json()
}
