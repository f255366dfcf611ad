/** Tells somebody who may throw: a loop does not end because of its listener. */
export function untroubled(tell: () => void): void {
  try {
    tell();
  } catch {
    return;
  }
}
