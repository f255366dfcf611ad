import { expect } from '@jest/globals';
import { ConfigResourceTypes, type Admin } from 'kafkajs';
import { eventually } from '@logfold/testing';

/** All settings of a topic. */
export async function settingsOf(admin: Admin, topic: string): Promise<Record<string, string>> {
  const { resources } = await admin.describeConfigs({
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    includeSynonyms: false,
  });
  return Object.fromEntries(
    resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
  );
}

/** Sets a topic's `max.message.bytes`, and waits until the broker says so. */
export async function setLargestBatch(admin: Admin, topic: string, bytes: number): Promise<void> {
  const configEntries = [{ name: 'max.message.bytes', value: String(bytes) }];
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
  });
  await eventually(async () => {
    const found = (await settingsOf(admin, topic))['max.message.bytes'];
    expect(found).toBe(String(bytes));
  });
}
