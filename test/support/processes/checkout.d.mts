import type { Command, Decider, DerivedStream, ProcessManager, Recorded, StartFrom } from '@logfold/core';

export interface ShopDefinitions {
  readonly OrderEvents: object;
  readonly StockEvents: object;
  readonly OrderCommands: Readonly<Record<'Place' | 'Pay', (data: object) => Command>>;
  readonly StockCommands: Readonly<Record<'Receive', (data: object) => Command>>;
  readonly Order: Decider;
  readonly Stock: Decider;
  checkout(startFrom?: StartFrom): ProcessManager;
}

export const OrderEvents: ShopDefinitions['OrderEvents'];
export const StockEvents: ShopDefinitions['StockEvents'];
export const OrderCommands: ShopDefinitions['OrderCommands'];
export const StockCommands: ShopDefinitions['StockCommands'];
export const Order: ShopDefinitions['Order'];
export const Stock: ShopDefinitions['Stock'];
export const checkout: ShopDefinitions['checkout'];
export const PIECES: Readonly<Record<string, number>>;
export function shopWith(stockService: string): ShopDefinitions;
export function placedByHour(shop: ShopDefinitions): DerivedStream;
export function someOrder(orderId: string, below: (limit: number) => number): Command;
export function wrongWith(log: readonly Recorded[], options?: { readonly ended?: boolean }): string[];
