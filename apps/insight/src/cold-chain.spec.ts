import { QuarantineStockCommands } from '@logfold-example/contracts';
import { complete, send } from '@logfold/core';
import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { ColdChain } from './cold-chain.js';
import { ExcursionEvents, Excursions } from './excursions.js';
import { Quarantine } from './quarantine.js';
import { Unit, UnitCommands, UnitEvents } from './unit.js';

const unitId = 'box-1';
const at = (time: string) => `2026-01-05T${time}:00.000Z`;
const filledAt = at('08:00');
const content = { sku: 'milk', location: 'main', quantity: 12, limitCelsius: 8, filledAt };
const filled = UnitEvents.UnitFilled({ unitId, ...content });
const reading = (time: string, celsius: number, of = unitId) =>
  UnitEvents.TemperatureRecorded({ unitId: of, celsius, measuredAt: at(time), limitCelsius: 8, filledAt });
const half = { unitId, filledAt, since: at('09:00'), until: at('09:30') };
const quarantined = UnitEvents.UnitQuarantined({ ...half, ...content });
const later = reading('11:00', 4, 'box-2');

describe('an excursion', () => {
  const warm = ['09:00', '09:05', '09:15', '09:25', '09:29'].map((time) => reading(time, 9));

  it('is half an hour in which every reading was above the limit', () => {
    given(Excursions, [...warm, later]).thenTold([ExcursionEvents.TemperatureExcursion({ ...half, lowestCelsius: 9 })]);
  });

  it.each([
    ['a reading at the limit', [...warm, reading('09:20', 8)]],
    ['a late reading that was cold', [...warm, reading('09:34', 4, 'box-2'), reading('09:10', 4)]],
    ['readings from less than twenty-five minutes', warm.slice(1)],
    [
      'warm readings of two units',
      [warm[0]!, ...warm.slice(1).map(({ data }) => reading(data.measuredAt.slice(11, 16), 9, 'box-3'))],
    ],
    ['one reading', [warm[0]!]],
  ])('is not %s', (_what, readings) => {
    given(Excursions, [...readings, later]).thenTold([]);
  });
});

describe('a cold unit', () => {
  const fill = UnitCommands.FillUnit({ unitId, ...content });
  const note = UnitCommands.NoteExcursion(half);

  it('is filled before its temperature is known', () => {
    const record = UnitCommands.RecordTemperature({ unitId, celsius: 4, measuredAt: at('09:00') });
    given(Unit, []).when(record).thenRejected('unknown');
    given(Unit, []).when(fill).then([filled]);
    given(Unit, [filled])
      .when(record)
      .then([reading('09:00', 4)]);
  });

  it('goes into quarantine once, until something else lies in it, of which that is not told', () => {
    given(Unit, [filled]).when(note).then([quarantined]);
    given(Unit, [filled, quarantined])
      .when(UnitCommands.NoteExcursion({ ...half, since: at('09:05'), until: at('09:35') }))
      .then([]);
    given(Unit, [filled, quarantined, UnitEvents.UnitFilled({ unitId, ...content, filledAt: at('10:00') })])
      .when(note)
      .then([]);
    given(Unit, []).when(note).then([]);
  });

  it('has the inventory take out of sale what lies in it', () => {
    const { sku, location, quantity } = content;
    given(Quarantine, [])
      .when(quarantined)
      .then([send(QuarantineStockCommands.Quarantine({ unitId, sku, location, quantity })), complete()]);
  });

  it('is shown as it is', () => {
    const row = { unitId, ...content, celsius: null, measuredAt: null, status: 'cold' as const, warmSince: null };
    given(ColdChain, [filled]).thenRows([row]);
    const measured = { ...row, celsius: 9.5, measuredAt: at('09:00') };
    given(ColdChain, [filled, reading('09:00', 9.5)]).thenRows([measured]);
    given(ColdChain, [filled, reading('09:00', 9.5), quarantined]).thenRows([
      { ...measured, status: 'quarantined', warmSince: at('09:00') },
    ]);
    given(ColdChain, [filled, reading('09:00', 9.5), quarantined, filled]).thenRows([row]);
  });
});
