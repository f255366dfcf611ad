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
const refilled = UnitEvents.UnitFilled({ ...filled.data, sku: 'cream', limitCelsius: 6, filledAt: at('10:33') });
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

  it('is filled again later than before', () => {
    given(Unit, [filled])
      .when(UnitCommands.FillUnit({ ...refilled.data }))
      .then([refilled]);
    given(Unit, [refilled]).when(fill).thenRejected('filled-since');
    given(Unit, [refilled])
      .when(UnitCommands.FillUnit({ ...refilled.data, filledAt: '2026-01-05T10:33:00Z' }))
      .thenRejected('filled-since');
  });

  it('keeps what was measured before it was filled from what lies in it now', () => {
    const record = (time: string) => UnitCommands.RecordTemperature({ unitId, celsius: 9, measuredAt: at(time) });
    given(Unit, [filled]).when(record('07:59')).thenRejected('before-filling');
    given(Unit, [filled])
      .when(record('08:00'))
      .then([reading('08:00', 9)]);
    given(Unit, [filled, refilled])
      .when(record('10:32'))
      .then([reading('10:32', 9)]);
    const { limitCelsius } = refilled.data;
    given(Unit, [filled, refilled])
      .when(record('10:33'))
      .then([UnitEvents.TemperatureRecorded({ ...record('10:33').data, limitCelsius, filledAt: at('10:33') })]);
  });

  it('goes into quarantine once for each filling', () => {
    given(Unit, [filled]).when(note).then([quarantined]);
    given(Unit, [filled, quarantined])
      .when(UnitCommands.NoteExcursion({ ...half, since: at('09:05'), until: at('09:35') }))
      .then([]);
    const again = { ...half, filledAt: at('10:33'), since: at('11:00'), until: at('11:30') };
    given(Unit, [filled, quarantined, refilled])
      .when(UnitCommands.NoteExcursion(again))
      .then([UnitEvents.UnitQuarantined({ ...refilled.data, ...again })]);
  });

  it('has what lay in it quarantined, although something else lies in it by the time that this is told', () => {
    given(Unit, [filled, refilled]).when(note).then([quarantined]);
    given(Unit, [filled, refilled, quarantined]).when(note).then([]);
  });

  it('remembers so many fillings, and says so of one that is forgotten', () => {
    const minute = (count: number) => new Date(Date.parse(filledAt) + count * 60_000).toISOString();
    const many = Array.from({ length: 100 }, (_, count) =>
      UnitEvents.UnitFilled({ ...filled.data, filledAt: minute(count) }),
    );
    given(Unit, many).when(note).then([quarantined]);
    const one = UnitEvents.UnitFilled({ ...filled.data, filledAt: minute(100) });
    given(Unit, [...many, one])
      .when(note)
      .thenRejected('forgotten');
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
    const other = { ...row, ...refilled.data };
    given(ColdChain, [filled, reading('09:00', 9.5), quarantined, refilled]).thenRows([other]);
    given(ColdChain, [filled, refilled, reading('10:30', 9.5), quarantined]).thenRows([other]); // of what lay in it before
  });
});
