/**
 * The partition of a key: murmur2 as Kafka's own clients compute it, so that any of them finds the same one.
 * @param partitions how many the topic was declared with, 1 or more; what the broker has does not matter.
 * @returns 0 … partitions − 1
 * Source: org.apache.kafka.common.utils.Utils.murmur2, Utils.toPositive.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key, 'utf8')) & 0x7fffffff) % partitions;
}

const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const ROTATION = 24;

function murmur2(data: Buffer): number {
  const { length } = data;
  let hash = SEED ^ length;
  const whole = length - (length % 4);
  for (let index = 0; index < whole; index += 4) {
    let chunk = Math.imul(data.readInt32LE(index), MULTIPLIER);
    chunk ^= chunk >>> ROTATION;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(chunk, MULTIPLIER);
  }
  for (let index = length - 1; index >= whole; index--) hash ^= data[index]! << (8 * (index - whole));
  if (whole < length) hash = Math.imul(hash, MULTIPLIER);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}
