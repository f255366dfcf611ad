import 'reflect-metadata';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { memory } from '@logfold/testing';
import { LogfoldHealth, LogfoldHealthModule } from '../src/health.js';
import { LogfoldModule } from '../src/index.js';
import { httpServers, listenOn, type HttpApplication } from './http-servers.js';

let http: HttpApplication;
afterEach(() => http.app.close());

describe.each(httpServers)('The routes of health on %s', (server) => {
  it('answer 200 while the process may be sent requests, and 503 from the moment of its shutdown; it lives all the while', async () => {
    const imports = [
      LogfoldModule.forRoot({ service: 'desk', database: memory({ service: 'desk' }) }),
      LogfoldHealthModule.forRoot(),
    ];
    http = await listenOn(server, await Test.createTestingModule({ imports }).compile());
    const live = { status: 200, body: { status: 'up' } };
    expect(await http.ask('GET', '/health/live')).toMatchObject(live);
    expect(await http.ask('GET', '/health/ready')).toMatchObject({ status: 200, body: { status: 'up', reasons: [] } });
    expect(await http.ask('GET', '/health')).toMatchObject({ status: 200, body: { services: [{ service: 'desk' }] } });

    http.app.get(LogfoldHealth).beforeApplicationShutdown();
    const down = { status: 503, body: { status: 'down', reasons: ['The application is shutting down'] } };
    expect(await http.ask('GET', '/health/ready')).toMatchObject(down);
    expect(await http.ask('GET', '/health')).toMatchObject(down);
    expect(await http.ask('GET', '/health/live')).toMatchObject(live);
  });
});
