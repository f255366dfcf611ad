// A process with something in it that fails while it ends, and nobody waits for that; and something that takes a moment to end.
import { setTimeout as pause } from 'node:timers/promises';
import { HostConfig, serve } from '@logfold-example/hosting';
import { LogfoldModule } from '@logfold/nestjs';
import { memory } from '@logfold/testing';

class Restless {
  onModuleDestroy() {
    void Promise.reject(new RangeError('nobody waits for this'));
  }

  async onApplicationShutdown() {
    await pause(20);
    console.log('handed over');
  }
}

await serve({
  module: {
    module: class Service {},
    imports: [LogfoldModule.forRoot({ service: 'restless', database: memory({ service: 'restless' }) })],
    providers: [Restless],
  },
  config: HostConfig,
  title: 'Restless',
  description: 'A test',
  announce: () => 'open',
});
