import { given } from '@logfold/testing';
import { describe, it } from '@jest/globals';
import { Need, NeedCommands, NeedEvents } from './need.js';

const at = { sku: 'tea', location: 'main' };
const first = { ...at, purchaseId: 'p-1' };
const second = { ...at, purchaseId: 'p-2' };
const detected = NeedEvents.NeedDetected({ ...first, because: 'low', quantity: 20 });

describe('a need', () => {
  it('is bought for once, whatever else says that something is needed meanwhile', () => {
    given(Need, [])
      .when(NeedCommands.DetectNeed({ ...first, because: 'low' }))
      .then([detected]);
    given(Need, [detected])
      .when(NeedCommands.DetectNeed({ ...second, because: 'sold-out' }))
      .then([]);
  });

  it('is for as many pieces as the catalog says', () => {
    given(Need, [])
      .when(NeedCommands.DetectNeed({ ...first, because: 'low', lot: 48 }))
      .then([NeedEvents.NeedDetected({ ...first, because: 'low', quantity: 48 })]);
  });

  it('may be detected again when what was bought has come', () => {
    given(Need, [detected])
      .when(NeedCommands.CloseNeed(first))
      .then([NeedEvents.NeedClosed(first)]);
    given(Need, [detected, NeedEvents.NeedClosed(first)])
      .when(NeedCommands.DetectNeed({ ...second, because: 'wanted' }))
      .then([NeedEvents.NeedDetected({ ...second, because: 'wanted', quantity: 20 })]);
  });

  it('is not closed by a purchase that it is not waiting for', () => {
    given(Need, [detected]).when(NeedCommands.CloseNeed(second)).then([]);
    given(Need, []).when(NeedCommands.CloseNeed(first)).then([]);
  });
});
