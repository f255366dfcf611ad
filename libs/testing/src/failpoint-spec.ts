import { InvalidFailpoints } from './errors.js';

/** What a crash point does: SIGKILL or SIGSTOP to its own process, an error, or waiting for ever. */
export type FailpointEffect = 'kill' | 'freeze' | 'throw' | 'hang';

/** What is to happen where, and when. */
export interface FailpointSpec {
  readonly name: string;
  readonly effect: FailpointEffect;
  /** At the n-th time that the code passes, 1 for the first; only then. */
  readonly hit: number | 'every';
}

const effects: ReadonlySet<string> = new Set<FailpointEffect>(['kill', 'freeze', 'throw', 'hang']);

/** Reads `relay.after-commit=kill@3,append.after-insert=throw`. An empty text names nothing. @throws InvalidFailpoints */
export function parseFailpoints(text: string): FailpointSpec[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map(parseFailpoint);
}

/** Reads one `name=effect` or `name=effect@hit`. @throws InvalidFailpoints */
export function parseFailpoint(text: string): FailpointSpec {
  const [, name, effect, hit = '1'] = /^([^\s=@,]+)=([a-z]+)(?:@(\d+))?$/.exec(text) ?? [];
  if (name === undefined || effect === undefined)
    throw new InvalidFailpoints(
      `"${text}" names no crash point: write name=effect@hit, such as relay.after-commit=kill@3`,
    );
  if (!effects.has(effect))
    throw new InvalidFailpoints(`"${text}" asks for "${effect}": a crash point can ${[...effects].join(', ')}`);
  if (Number(hit) < 1) throw new InvalidFailpoints(`"${text}" asks for hit ${hit}: the first one is 1`);
  return { name, effect: effect as FailpointEffect, hit: Number(hit) };
}
