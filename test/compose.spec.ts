import { describe, expect, it } from '@jest/globals';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';
import { telemetry } from '@logfold/otel';
import type { Logfold } from '@logfold/core';

const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** As YAML 1.2 with merge keys, which compose has too. A key that is there twice is an error. */
const yaml = (path: string): any => parse(read(path), { merge: true, strict: true, uniqueKeys: true });

interface ComposeService {
  readonly image?: string;
  readonly build?: string;
  readonly command?: string | readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, unknown>>;
  readonly healthcheck?: object;
}

const compose = yaml('docker-compose.yml') as { services: Record<string, ComposeService>; volumes: object };
const services = Object.entries(compose.services);

describe('docker-compose.yml', () => {
  it('opens ports to this machine only, each once, and pins every image', () => {
    const ports = services.flatMap(([, { ports: opened = [] }]) => opened);
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length);
    const unpinned = services.filter(([, { image = '', build }]) => !build && !/:v?\d/.test(image));
    expect(unpinned.map(([name]) => name)).toEqual([]);
  });

  it('opens the ports that package.json says, and leaves that of npm start alone', () => {
    const { ports } = (JSON.parse(read('package.json')) as { config: { ports: Record<string, number> } }).config;
    const opened = (name: string): number => Number(compose.services[name]!.ports![0]!.split(':')[1]);
    expect(read('apps/hosting/src/environment.ts')).toContain(`.default(${ports['start']})`);
    expect(opened('grafana')).toBe(ports['grafana']);
    const ours = services.filter(([, { build }]) => build).map(([name]) => opened(name));
    expect(ours).toEqual(ours.map((_, index) => ports['services']! + index)); // as npm run start:services has them
    const all = services.flatMap(([name, { ports: some }]) => (some ? [opened(name)] : []));
    expect(all).not.toContain(ports['start']);
    for (const port of all) expect(read('docker-compose.yml')).toMatch(new RegExp(`^#.*localhost:${port}`, 'm'));
  });

  it('names only services, volumes and files that are there', () => {
    for (const [name, { depends_on: needs = [], volumes = [] }] of services) {
      for (const needed of Array.isArray(needs) ? needs : Object.keys(needs))
        expect([name, Object.keys(compose.services)]).toEqual([name, expect.arrayContaining([needed])]);
      for (const [from] of volumes.map((volume) => volume.split(':')))
        if (from!.startsWith('.')) expect([from, existsSync(join(root, from!))]).toEqual([from, true]);
        else expect([name, Object.keys(compose.volumes)]).toEqual([name, expect.arrayContaining([from])]);
    }
  });

  it('waits only for what has a check of its health', () => {
    for (const [name, { depends_on: needs = {} }] of services)
      for (const [needed, { condition }] of Array.isArray(needs) ? [] : Object.entries(needs as object))
        if (condition === 'service_healthy')
          expect([name, needed, compose.services[needed]!.healthcheck]).toEqual([name, needed, expect.any(Object)]);
  });

  it('starts services that there are, by the addresses that it gives the others', () => {
    const ours = services.filter(([, { build }]) => build);
    expect(ours.map(([name]) => name).sort()).toEqual(servicesOfTheExample());
    for (const [name, { command, environment = {} }] of ours) {
      const [entry] = command as string[];
      expect(existsSync(join(root, entry!.replace('/dist/', '/src/').replace(/\.js$/, '.ts')))).toBe(true);
      const brokers = String(environment['KAFKA_BROKERS']).split(',');
      expect(brokers.map((broker) => broker.split(':')[0])).toEqual(['kafka-1', 'kafka-2', 'kafka-3']);
      expect(new URL(String(environment['DATABASE_URL'])).hostname).toBe('postgres');
      expect(environment['OTEL_SERVICE_NAME']).toBe(name);
      const endpoint = new URL(String(environment['OTEL_EXPORTER_OTLP_ENDPOINT']));
      const receiver = yaml('docker/collector.yml').receivers.otlp.protocols.http.endpoint as string;
      expect([endpoint.hostname, endpoint.port]).toEqual(['collector', receiver.split(':')[1]]);
    }
  });

  it('starts the services that npm run start:services starts', () => {
    const started = /\[(.*)\]\.map\(\(name, index\)/.exec(read('scripts/start-services.mjs'))![1]!;
    expect([...started.matchAll(/'(\w+)'/g)].map(([, name]) => name).sort()).toEqual(servicesOfTheExample());
  });

  it('has three Kafka nodes that know each other, and keep what is acknowledged on two', () => {
    const nodes = services.filter(([name]) => name.startsWith('kafka-'));
    expect(nodes).toHaveLength(3);
    for (const [name, { environment = {} }] of nodes) {
      expect(environment['KAFKA_ADVERTISED_LISTENERS']).toBe(`PLAINTEXT://${name}:9092`);
      expect(environment['KAFKA_CONTROLLER_QUORUM_VOTERS']).toContain(
        `${String(environment['KAFKA_NODE_ID'])}@${name}:9093`,
      );
      expect(environment['KAFKA_MIN_INSYNC_REPLICAS']).toBe(2);
    }
  });

  it('connects the collector with who scrapes it and who keeps its traces', () => {
    const { exporters, service, receivers, processors } = yaml('docker/collector.yml');
    for (const pipeline of Object.values<any>(service.pipelines)) {
      expect(Object.keys(receivers)).toEqual(expect.arrayContaining(pipeline.receivers));
      expect(Object.keys(processors)).toEqual(expect.arrayContaining(pipeline.processors));
      expect(Object.keys(exporters)).toEqual(expect.arrayContaining(pipeline.exporters));
    }
    const [scraped] = yaml('docker/prometheus.yml').scrape_configs[0].static_configs[0].targets as string[];
    expect(scraped!.split(':')).toEqual(['collector', exporters.prometheus.endpoint.split(':')[1]]);
    const kept = yaml('docker/tempo.yml').distributor.receivers.otlp.protocols.grpc.endpoint as string;
    expect(exporters['otlp/tempo'].endpoint).toBe(`tempo:${kept.split(':')[1]}`);
  });
});

describe('The Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');

  it('runs as somebody who may not write to what runs, and has a check of its health', () => {
    const last = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
    expect(last).toContain('USER node');
    expect(last.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
    expect(last.find((line) => line.startsWith('ENTRYPOINT '))).toMatch(/^ENTRYPOINT \["node", /); // gets SIGTERM itself
    expect(read('Dockerfile')).not.toMatch(/(password|secret|token)\s*=/i);
  });

  it('runs the Node that npm start runs', () => {
    const { config } = JSON.parse(read('package.json')) as { config: { node: string } };
    const images = lines.filter((line) => line.startsWith('FROM node:')).map((line) => line.split(' ')[1]);
    expect(new Set(images)).toEqual(new Set([`node:${config.node}-bookworm-slim`]));
  });

  it('preloads what npm start preloads, and starts what is built', () => {
    const entry = lines.find((line) => line.startsWith('ENTRYPOINT '))!;
    expect(entry).toContain('./apps/hosting/dist/telemetry.js');
    expect(read('scripts/run-apps.mjs')).toContain('./apps/hosting/dist/telemetry.js');
    expect(existsSync(join(root, 'apps/hosting/src/telemetry.ts'))).toBe(true);
  });
});

describe('The dashboard and the alerts', () => {
  it('ask only for metrics that the code makes, under the names that Prometheus gives them', async () => {
    const known = await prometheusNames();
    const dashboard = JSON.parse(read('docker/grafana/dashboards/logfold.json')) as { panels: Panel[] };
    const asked = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    const alerts = yaml('docker/alerts.yml').groups.flatMap((group: any) => group.rules.map((rule: any) => rule.expr));
    expect(asked.length).toBeGreaterThan(15);
    expect(alerts.length).toBeGreaterThan(4);
    const named = [...asked, ...alerts].flatMap((expression) => namesIn(expression));
    expect(named.filter((name) => !known.has(name))).toEqual([]);
    expect(new Set(named).size).toBeGreaterThan(15);
  });

  it('are each explained: with the metric that moved, and what to do', async () => {
    const known = [...read('docs/observability.md').matchAll(/^\| `((?:logfold|messaging)\.[a-z_.]+)` +\|/gm)];
    const rules = yaml('docker/alerts.yml').groups.flatMap((group: any) => group.rules) as Rule[];
    const rows = read('docs/operations.md')
      .split('\n')
      .filter((line) => line.startsWith('| `Logfold'));
    expect(rows.map((row) => /`(\w+)`/.exec(row)![1])).toEqual(rules.map(({ alert }) => alert));
    for (const [index, { expr }] of rules.entries()) {
      const [, , metric, step] = rows[index]!.split('|').map((cell) => cell.trim());
      const name = /`([a-z_.]+)`/.exec(metric!)![1]!;
      expect(known.map(([, each]) => each)).toContain(name);
      expect(expr).toContain(name.replaceAll('.', '_'));
      expect(step!.length).toBeGreaterThan(20);
    }
  });

  it('has panels with ids of their own that do not overlap', () => {
    const { panels } = JSON.parse(read('docker/grafana/dashboards/logfold.json')) as { panels: Panel[] };
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(new Set(panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(panels.length);
  });
});

/** The apps that are processes with a Kafka between them. */
function servicesOfTheExample(): string[] {
  const main = (app: string): string => `apps/${app}/src/main.ts`;
  const apps = readdirSync(join(root, 'apps')).filter((app) => existsSync(join(root, main(app))));
  return apps.filter((app) => read(main(app)).includes('ServiceConfig')).sort();
}

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

interface Panel {
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly expr: string }[];
}

/** Names of metrics in an expression: what is followed by braces, a bracket or the end of a call, and is no label. */
function namesIn(expression: string): string[] {
  return [...expression.matchAll(/\b((?:logfold|messaging)_[a-z_]+)(?=[{[)])/g)]
    .map(([, name]) => name!)
    .filter((name) => !new RegExp(`by \\([^)]*\\b${name}\\b`).test(expression));
}

/** Source: https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/ */
async function prometheusNames(): Promise<ReadonlySet<string>> {
  const reader = new (class extends MetricReader {
    protected async onForceFlush(): Promise<void> {}
    protected async onShutdown(): Promise<void> {}
  })();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const made: { name: string; unit: string; kind: string }[] = [];
  const meter = meterProvider.getMeter('logfold');
  const spying = new Proxy(meter, {
    get(target, property: keyof typeof meter) {
      const value = target[property] as (...given: unknown[]) => unknown;
      return (...given: unknown[]) => {
        const [name, options] = given as [unknown, { unit?: string } | undefined];
        if (property.startsWith('create')) made.push({ name: String(name), unit: options?.unit ?? '', kind: property });
        return value.apply(target, given);
      };
    },
  });
  telemetry({ meterProvider: { getMeter: () => spying } }).observe({ database: { service: 'x' } } as Logfold);
  const names = new Set<string>();
  for (const { name, unit, kind } of made) {
    const suffix = unit === 's' ? '_seconds' : unit === '1' && kind.includes('Gauge') ? '_ratio' : '';
    const base = name.replaceAll('.', '_') + suffix;
    if (kind === 'createHistogram') for (const part of ['bucket', 'count', 'sum']) names.add(`${base}_${part}`);
    else names.add(kind === 'createCounter' ? `${base}_total` : base);
  }
  return names;
}
