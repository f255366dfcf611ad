import 'reflect-metadata';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Controller, Get } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { retry, type Runner } from '@logfold/core';
import { startPostgres, type RunningPostgres } from '@logfold/dev-services';
import { eventually } from '@logfold/testing';
import { LogfoldHealth, LogfoldHealthModule, type HealthReport } from '../src/health.js';
import { LogfoldModule, LogfoldServices, On, Reaction, type EventFrom } from '../src/index.js';
import { Note, NoteCommands, NoteEvents, Notes } from './notes.js';
import { silent } from './silent.js';

const PATIENCE = { timeoutMs: 20_000 };
const limits = { maxLagSeconds: 1, maxParkedSeconds: 3_600 };
let home: string;
let server: RunningPostgres;
let door: Server;
let app: NestFastifyApplication;

/** As people write it who have terminus already. */
@Controller('terminus')
class TerminusController {
  constructor(
    readonly checks: HealthCheckService,
    readonly logfold: LogfoldHealth,
  ) {}
  @Get()
  check() {
    return this.checks.check([() => this.logfold.indicator(limits)]);
  }
}

@Reaction({ name: 'picky', startFrom: 'beginning', onError: retry(0).thenPark() })
class Picky {
  @On(NoteEvents.NoteWritten)
  async written({ data }: EventFrom<typeof NoteEvents.NoteWritten>): Promise<void> {
    if (data.text === 'CANARY') throw new Error('CANARY');
  }
}

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'logfold-health-'));
  chmodSync(home, 0o755);
  server = await startPostgres({ home });
  door = await opened();
  const { port } = door.address() as AddressInfo;
  const url = new URL(server.url);
  url.port = String(port);
  const module = await Test.createTestingModule({
    imports: [
      LogfoldModule.forRoot({ service: 'desk', database: url.href }),
      LogfoldModule.forFeature([Note, Notes]),
      LogfoldHealthModule.forRoot(limits),
      TerminusModule.forRoot({ logger: false }),
    ],
    controllers: [TerminusController],
    providers: [Picky],
  })
    .setLogger(silent)
    .compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.init();
}, 60_000);
afterAll(async () => {
  await app?.close();
  door?.close();
  await server?.stop();
  if (home) rmSync(home, { recursive: true, force: true });
}, 60_000);

describe('The health of a process over a real Postgres', () => {
  it('is up, with each loop, each subscription and its lag', async () => {
    await write('a');
    await eventually(async () => {
      const { status, body } = await get('/health');
      expect({ status, body }).toMatchObject({ status: 200, body: { status: 'up', reasons: [] } });
      const [desk] = body.services;
      expect(desk).toMatchObject({ service: 'desk', database: 'up', parked: [], unreachableTopics: [] });
      expect(desk!.loops).toContainEqual({ name: 'notes v1', state: 'running' });
      expect(desk!.subscriptions).toContainEqual({ name: 'notes v1', source: 'desk', lagSeconds: 0, behind: 0 });
      expect(desk!.subscriptions).toContainEqual({ name: 'picky', source: 'desk', lagSeconds: 0, behind: 0 });
    }, PATIENCE);
    expect((await get('/terminus')).status).toBe(200);
  });

  it('is down while a subscription is further behind than it may be, and up again behind that', async () => {
    const notes = runner('notes v1');
    await notes.stop();
    await write('b');
    await eventually(async () => {
      const { status, body } = await get('/health/ready');
      expect(status).toBe(503);
      expect(body.reasons).toEqual([
        expect.stringMatching(/^"notes v1" of "desk" is [\d.]+ s behind "desk", 1 at most$/),
      ]);
    }, PATIENCE);
    expect((await get('/health/live')).status).toBe(200);
    const terminus = await get('/terminus');
    expect(terminus).toMatchObject({ status: 503, body: { error: { logfold: { status: 'down' } } } });

    notes.start();
    await eventually(async () => expect((await get('/health/ready')).status).toBe(200), PATIENCE);
  });

  it('tells what is parked, without the text of the error, and is up', async () => {
    await write('c', 'CANARY');
    await eventually(async () => {
      const { status, body } = await get('/health');
      expect(status).toBe(200);
      expect(body.services[0]!.parked).toEqual([
        { name: 'picky', keys: 1, events: 1, oldestSeconds: expect.any(Number) },
      ]);
      expect(JSON.stringify(body)).not.toContain('CANARY');
    }, PATIENCE);
  });

  it('is down while the Postgres is stopped, and alive; and up when it is back', async () => {
    await server.stop();
    await eventually(async () => {
      const { status, body } = await get('/health');
      expect({ status, body }).toMatchObject({ status: 503, body: { status: 'down' } });
      expect(body.services).toEqual([
        expect.objectContaining({ service: 'desk', database: 'down', error: 'database-unavailable' }),
      ]);
      expect(body.reasons).toEqual(['The database of "desk" does not answer: database-unavailable']);
    }, PATIENCE);
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/terminus')).status).toBe(503);

    server = await startPostgres({ home });
    await eventually(async () => expect((await get('/health/ready')).status).toBe(200), PATIENCE);
    await write('d');
    await eventually(async () => {
      const { body } = await get('/health');
      expect(body.services[0]!.subscriptions).toContainEqual(
        expect.objectContaining({ name: 'notes v1', lagSeconds: 0, behind: 0 }),
      );
    }, PATIENCE);
  });

  it('is down from the first moment of the shutdown', async () => {
    const health = app.get(LogfoldHealth);
    expect((await health.report()).status).toBe('up');
    health.beforeApplicationShutdown();
    expect(await health.report()).toMatchObject({ status: 'down', reasons: ['The application is shutting down'] });
  });
});

/** Leads to the server wherever it listens now: another one may have taken its port while it was stopped. */
async function opened(): Promise<Server> {
  const listener = createServer((client) => {
    const behind = connect(server.port, '127.0.0.1');
    client.pipe(behind).pipe(client);
    for (const [one, other] of [
      [client, behind],
      [behind, client],
    ] as const)
      one.on('error', () => {}).on('close', () => other.destroy());
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return listener;
}

async function get(url: string): Promise<{ status: number; body: HealthReport }> {
  const { statusCode, body } = await app.inject({ method: 'GET', url });
  return { status: statusCode, body: JSON.parse(body) as HealthReport };
}

function runner(name: string): Runner {
  return app
    .get(LogfoldServices)
    .of()
    .runners.find((each) => each.name === name)!;
}

async function write(id: string, text = 'text'): Promise<void> {
  await app.get(LogfoldServices).of().handler(Note).handle(NoteCommands.WriteNote({ id, text }));
}
