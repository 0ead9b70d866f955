// One request's dataloaders.

import DataLoader from 'dataloader'
import { catalog, rows, shipment, stock } from './sources.js'

export const CUSTOMER = 'id, email, name, phone, currency, created_at as "createdAt"'
export const ORDER = `id, number, status, placed_at as "placedAt", currency, total,
  partner_id as "partnerId", customer_id as "customerId"`
const LINE = `order_id as "orderId", line_no as "lineNo", sku, product_name as "productName",
  quantity, unit_price as "unitPrice"`

export const PRODUCT = {
  sku: 1,
  name: 1,
  description: 1,
  brand: 1,
  status: 1,
  price: 1,
  currency: 1,
  createdAt: '$created_at',
  categoryId: '$category_id'
}
const REVIEW = {
  rating: 1,
  title: 1,
  body: 1,
  createdAt: '$created_at',
  productId: '$product_id',
  customerId: '$customer_id'
}

export function loaders () {
  return {
    customers: new DataLoader(async ids => one(ids, await rows(
      `select ${CUSTOMER} from customers where id = any($1::bigint[])`, [ids]
    ), 'id')),

    lines: new DataLoader(async ids => many(ids, await rows(
      `select ${LINE} from order_lines where order_id = any($1::bigint[]) order by line_no`,
      [ids]
    ), 'orderId')),

    ordersOf: perSize(async (ids, first) => many(ids, await rows(
      `select o.* from unnest($1::bigint[]) as c (id) cross join lateral (
        select ${ORDER} from orders where customer_id = c.id
        order by placed_at desc, orders.id desc limit $2) as o`,
      [ids, first + 1]
    ), 'customerId')),

    products: new DataLoader(async skus => one(skus, await catalog.collection('products')
      .find({ sku: { $in: skus } }, { projection: PRODUCT }).toArray(), 'sku')),

    categories: new DataLoader(async ids => one(ids, await catalog.collection('categories')
      .find({ _id: { $in: ids } }, { projection: { slug: 1, name: 1, description: 1 } })
      .toArray(), '_id'), { cacheKeyFn: String }),

    reviewsOf: perSize(async (ids, first) => many(ids, await catalog.aggregate([
      { $documents: ids.map(id => ({ key: { $literal: id } })) },
      {
        $lookup: {
          from: 'reviews',
          localField: 'key',
          foreignField: 'product_id',
          pipeline: [
            { $sort: { created_at: -1, _id: -1 } },
            { $limit: first },
            { $project: REVIEW }
          ],
          as: 'review'
        }
      },
      { $unwind: '$review' },
      { $replaceRoot: { newRoot: '$review' } }
    ]).toArray(), 'productId')),

    stock: new DataLoader(async skus => one(skus, await stock(skus), 'sku'),
      { maxBatchSize: 250 }),

    shipments: new DataLoader(ids => Promise.all(ids.map(shipment)), { batch: false })
  }
}

/** A loader for each number of rows that is asked for. */
function perSize (load) {
  const bySize = new Map()
  return first => {
    let loader = bySize.get(first)
    if (loader === undefined) {
      loader = new DataLoader(ids => load(ids, first), { cacheKeyFn: String })
      bySize.set(first, loader)
    }
    return loader
  }
}

function one (keys, found, column) {
  const byKey = new Map(found.map(row => [String(row[column]), row]))
  return keys.map(key => byKey.get(String(key)) ?? null)
}

function many (keys, found, column) {
  const byKey = new Map(keys.map(key => [String(key), []]))
  for (const row of found) byKey.get(String(row[column])).push(row)
  return keys.map(key => byKey.get(String(key)))
}
