/** Compares two times as ISO 8601 writes them, whatever fractions of a second they name. */
export function isBefore(time: string, other: string): boolean {
  return Date.parse(time) < Date.parse(other);
}
