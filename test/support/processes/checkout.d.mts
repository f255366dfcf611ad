import type { Command, Decider, ProcessManager, Recorded, StartFrom } from '@logfold/core';

export const OrderEvents: object;
export const StockEvents: object;
export const OrderCommands: Readonly<Record<'Place' | 'Pay', (data: object) => Command>>;
export const StockCommands: Readonly<Record<'Receive', (data: object) => Command>>;
export const Order: Decider;
export const Stock: Decider;
export const PIECES: Readonly<Record<string, number>>;
export function checkout(startFrom?: StartFrom): ProcessManager;
export function someOrder(orderId: string, below: (limit: number) => number): Command;
export function wrongWith(log: readonly Recorded[], options?: { readonly ended?: boolean }): string[];
