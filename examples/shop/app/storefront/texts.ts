import type { Language } from '../catalog/products.ts';

const english = {
  brand: 'Berth Supply',
  tagline: 'Good things for people who live near water',
  intro: 'Nine things we use ourselves. Made to be repaired, sent on the next tide.',
  shop: 'Shop',
  cart: 'Cart',
  orders: 'Orders',
  addToCart: 'Add to cart',
  quantity: 'Quantity',
  update: 'Update',
  remove: 'Remove',
  price: 'Price',
  total: 'Total',
  emptyCart: 'Your cart is empty.',
  keepShopping: 'Keep shopping',
  checkout: 'Check out',
  recipient: 'Name',
  card: 'Card number',
  cardHint: 'Any number will do, nothing is charged. A card that ends in 0002 is declined.',
  pay: 'Pay',
  thanks: 'Thank you. Your order is on its way.',
  order: 'Order',
  orderedOn: 'Ordered',
  paidWith: 'Paid with card ending in',
  noOrders: 'No orders yet.',
  back: 'All products',
  items: 'items',
  declined: 'The card was declined. Try another one.',
  checkInput: 'Please check what you entered: a name, and a card number of 12 to 19 digits.',
  sorry: 'Something went wrong',
  notFound: 'There is nothing at this address.',
  unavailable: 'A part of the shop is not answering just now. Nothing was lost; please try again.',
  badRequest: 'This request could not be understood.',
  light: 'Light',
  dark: 'Dark',
  servedBy: 'Served by',
  skip: 'Skip to content',
  colon: ': ',
  paidGap: ' ',
} as const;

export type Texts = Readonly<Record<keyof typeof english, string>>;

const chinese: Texts = {
  brand: '泊岸選物',
  tagline: '給臨水而居的人，好用的日常',
  intro: '九樣我們自己也在用的東西。做得能修，隨下一個潮水寄出。',
  shop: '商店',
  cart: '購物車',
  orders: '訂單',
  addToCart: '加入購物車',
  quantity: '數量',
  update: '更新',
  remove: '移除',
  price: '單價',
  total: '總計',
  emptyCart: '購物車還是空的。',
  keepShopping: '繼續選購',
  checkout: '結帳',
  recipient: '姓名',
  card: '信用卡號',
  cardHint: '任何號碼都可以，不會真的扣款。末四碼為 0002 的卡片會被拒絕。',
  pay: '付款',
  thanks: '謝謝您，訂單已成立，準備出貨。',
  order: '訂單',
  orderedOn: '訂購時間',
  paidWith: '付款卡片末四碼',
  noOrders: '還沒有訂單。',
  back: '所有商品',
  items: '件商品',
  declined: '卡片遭拒，請換一張試試。',
  checkInput: '請檢查輸入內容：需要姓名，以及 12 到 19 位數字的卡號。',
  sorry: '出了點問題',
  notFound: '這個網址沒有內容。',
  unavailable: '商店的一部分暫時沒有回應。沒有任何資料遺失，請再試一次。',
  badRequest: '無法理解這個請求。',
  light: '淺色',
  dark: '深色',
  servedBy: '由此提供服務：',
  skip: '跳到主要內容',
  colon: '：',
  paidGap: '：',
};

export const texts: Readonly<Record<Language, Texts>> = { en: english, 'zh-TW': chinese };

/** The language a browser asks for: Chinese of any kind gets zh-TW, all others English. Source: RFC 9110, 12.5.4. */
export function preferredLanguage(header: string | undefined): Language {
  let best: { language: Language; quality: number } = { language: 'en', quality: 0 };
  for (const range of (header ?? '').split(',').slice(0, 20)) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
    const given = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find((text) => text !== undefined);
    const quality = given === undefined ? 1 : Number(given);
    const language = /^zh(-|$)/.test(tag) ? 'zh-TW' : /^en(-|$)/.test(tag) ? 'en' : undefined;
    if (language !== undefined && quality > best.quality) best = { language, quality };
  }
  return best.language;
}
