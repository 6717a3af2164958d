/** An order as the orders service gives it; prices in whole New Taiwan dollars, as they were when it was made. */
export interface Order {
  readonly id: string;
  readonly createdAt: string;
  readonly recipient: string;
  readonly cardEnding: string;
  readonly total: number;
  readonly items: readonly OrderItem[];
}

export interface OrderItem {
  readonly productId: string;
  readonly quantity: number;
  readonly price: number;
}
