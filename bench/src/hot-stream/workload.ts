/** Somebody who reserves pieces of the one SKU. */
export interface Reserving {
  /** One order: reserved, or told that there is too little. */
  reserve(): Promise<void>;
  /** Compares what was told with what is stored. @throws when they differ, or more was reserved than there was. */
  check(): Promise<void>;
}

/** Received at the beginning: enough for every order of one piece that a run can make. */
export const PIECES = 10_000_000;

/** What an order asks for: one piece; each fourth one more than there ever was. */
export function order(): number {
  return Math.random() < 0.25 ? PIECES + 1 : 1;
}

/** Fails the run, not only the round: figures of a wrong answer are of no use. */
export function refuseOversold(
  who: string,
  { accepted, stored, reserved }: { readonly accepted: number; readonly stored: number; readonly reserved: number },
): void {
  if (stored !== accepted || reserved > PIECES)
    throw new Error(`${who}: ${accepted} were told that they had reserved, ${stored} are stored, ${reserved} pieces`);
}
