import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** What an application answered. */
export interface Answered {
  readonly status: number;
  readonly body: any;
}

/** Asks an application in this process. @param app which one, at the time of asking */
export function requestsTo(app: () => NestFastifyApplication) {
  const ask = async (method: 'GET' | 'POST', url: string, payload?: object): Promise<Answered> => {
    const response = await app().inject({ method, url, ...(payload ? { payload } : {}) });
    return { status: response.statusCode, body: response.json() };
  };
  return {
    get: (url: string) => ask('GET', url),
    post: (url: string, payload?: object) => ask('POST', url, payload),
  };
}
