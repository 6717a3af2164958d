import { HttpError } from '../http/http-error.ts';
import { jsonReply } from '../http/route.ts';
import type { Service } from '../service.ts';
import { products } from './products.ts';

/** Knows what is for sale, and at what price. */
export function catalog(): Service {
  const byId = new Map(products.map((product) => [product.id, product]));
  return {
    routes: [
      { method: 'GET', path: '/products', handle: () => jsonReply({ products }) },
      {
        method: 'GET',
        path: '/products/:id',
        handle({ params }) {
          const product = byId.get(params.id ?? '');
          if (product === undefined) throw new HttpError(404, 'there is no such product');
          return jsonReply(product);
        },
      },
    ],
  };
}
