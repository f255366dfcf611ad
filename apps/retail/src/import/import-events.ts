import { eventCatalog, events, type EventStore, type Recorded } from '@logfold/core';
import { z } from 'zod';

/** What the import notes in the log of inventory about itself. Private: other services see only the stock move. */
export const ImportEvents = events(
  'inventory.import',
  { topic: null, partitions: 1 },
  {
    /** All rows of an invoice were imported: appended in the transaction of the events that they led to. */
    InvoiceImported: z.object({
      invoice: z.string(),
      kind: z.enum(['order', 'return', 'adjustment']),
      /** Rows without duplicates. */
      lines: z.number().int(),
      /** How many events of stock they led to. */
      events: z.number().int(),
      /** Tells whether the same invoice comes with other rows. */
      rowsHash: z.string(),
    }),
  },
);

/** What is known of an invoice that was imported before. */
export interface ImportedInvoice {
  readonly events: number;
  readonly rowsHash: string;
  /** The run that imported it. */
  readonly run: string;
}

/** The stream that says that an invoice was imported, in its first event. */
export function importStream(invoice: string): string {
  return `import-${invoice}`;
}

/** The invoice, if it was imported by the time of the call. */
export async function importedInvoice(store: EventStore, invoice: string): Promise<ImportedInvoice | undefined> {
  const [event] = await store.readStream(importStream(invoice), { limit: 1 });
  return event && imported(event);
}

/** Every invoice imported so far, by its number; and the position up to which the log was read. */
export async function importedInvoices(
  store: EventStore,
): Promise<{ readonly invoices: Map<string, ImportedInvoice>; readonly position: bigint }> {
  const invoices = new Map<string, ImportedInvoice>();
  let position = 0n;
  const types = [ImportEvents.InvoiceImported.type];
  for await (const batch of store.readLog({ after: 0n, types, limit: 5_000 })) {
    for (const event of batch.events) invoices.set(event.data.invoice, imported(event));
    position = batch.position;
  }
  return { invoices, position };
}

const catalog = eventCatalog([ImportEvents]);

function imported(event: Recorded): ImportedInvoice {
  const { events, rowsHash } = catalog.current(event).data;
  return { events, rowsHash, run: String(event.metadata['run']) };
}
