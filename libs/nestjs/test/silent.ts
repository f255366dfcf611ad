import type { LoggerService } from '@nestjs/common';

/** For tests that make handlers fail: writes nothing. */
export const silent: LoggerService = { log: () => {}, warn: () => {}, error: () => {}, debug: () => {} };
