/**
 * What can be wrong with a history. The first seven are Jepsen's:
 * `lost-write`: an acknowledged event is gone, or missing in the middle of a topic. `duplicate`: something is there twice.
 * `aborted-read`: something was seen that was never committed. `poll-skip`: something was passed over.
 * `nonmonotonic-poll`: something came after what follows it. `inconsistent-offsets`: two readers saw different things in
 * one place. `unseen`: something has not arrived, and nothing behind it has.
 * `wrong-version`: a stream has a hole in its versions, or an append did not meet its expected version.
 * `torn-append`: some events of an append are stored and some are not. `broken-chain`: a record does not name the one
 * before it. `diverged`: a read model is not the fold of the log.
 */
export type AnomalyName =
  | 'lost-write'
  | 'duplicate'
  | 'aborted-read'
  | 'poll-skip'
  | 'nonmonotonic-poll'
  | 'inconsistent-offsets'
  | 'unseen'
  | 'wrong-version'
  | 'torn-append'
  | 'broken-chain'
  | 'diverged';

/** Something that must not be. */
export interface Anomaly {
  readonly name: AnomalyName;
  /** The invariant that it breaks: I1 … I10. */
  readonly invariant: string;
  /** Where: a stream, `topic/partition`, a subscription or a read model. */
  readonly where: string;
  /** The events. */
  readonly ids: readonly string[];
  readonly positions: readonly bigint[];
  /** What is wrong, for people. */
  readonly text: string;
}

/** Makes an anomaly about some events. */
export function anomaly(
  name: AnomalyName,
  invariant: string,
  where: string,
  events: readonly { readonly id: string; readonly position?: bigint | undefined }[],
  why: string,
): Anomaly {
  const positions = events.flatMap(({ position }) => (position === undefined ? [] : [position]));
  const named = events.map(({ id, position }) => (position === undefined ? id : `${id} at position ${position}`));
  return {
    name,
    invariant,
    where,
    ids: events.map(({ id }) => id),
    positions,
    text: `${invariant} ${name} in ${where}: ${named.join(', ')} ${why}`,
  };
}
