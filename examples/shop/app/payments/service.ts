import { createHash } from 'node:crypto';
import { HttpError } from '../http/http-error.ts';
import { jsonReply } from '../http/route.ts';
import { integer, members, text } from '../input.ts';
import type { Service, ServiceContext } from '../service.ts';

/** Cards with this ending are declined, so that a visitor can see it happen. */
const declinedEnding = '0002';

/**
 * Stands for a payment provider: approves or declines by the card's last digits and moves no money. The same key always
 * gets the same charge, on any replica, which is what makes a repeated call harmless.
 */
export function payments({ metrics }: ServiceContext): Service {
  const charges = metrics.counter('shop_charges_total', 'Charges asked for, by their result.');
  return {
    routes: [
      {
        method: 'POST',
        path: '/charges',
        async handle(request) {
          const input = members(await request.json());
          const key = text(input, 'key', 1, 100);
          const amount = integer(input, 'amount', 1, 10_000_000);
          const card = text(input, 'card', 12, 23).replaceAll(' ', '');
          if (!/^\d{12,19}$/.test(card)) throw new HttpError(400, 'card must have 12 to 19 digits');
          if (card.endsWith(declinedEnding)) {
            charges.add({ result: 'declined' });
            throw new HttpError(402, 'the card was declined');
          }
          charges.add({ result: 'approved' });
          const id = `ch_${createHash('sha256').update(`${key}\n${amount}`).digest('hex').slice(0, 16)}`;
          return jsonReply({ id, amount, cardEnding: card.slice(-4) }, 201);
        },
      },
    ],
  };
}
