import { ConfigurableModuleBuilder, Inject, Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import type { AnyReadModel, Decider } from '@logfold/core';
import { isEvents, type Listed } from './declarations.js';
import type { LogfoldModuleOptions } from './options.js';
import { LogfoldServices } from './services.js';
import { LogfoldServicesModule } from './services-module.js';
import { logfoldToken, type ServiceChoice } from './tokens.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<LogfoldModuleOptions>()
  .setClassMethodName('forRoot')
  .build();

/**
 * Logfold in a Nest application: `forRoot` (or `forRootAsync`) declares a service and its database, `forFeature` lists
 * deciders and read models, which `InjectDecider` and `InjectReadModel` then inject, process managers and reactions. Everything starts
 * before the application listens and stops when it closes: call `app.enableShutdownHooks()`.
 * @example
 * imports: [
 *   LogfoldModule.forRootAsync({
 *     inject: [ConfigService],
 *     useFactory: (config: ConfigService) => ({ service: 'inventory', database: config.getOrThrow('DATABASE_URL') }),
 *   }),
 *   LogfoldModule.forFeature([Stock, StockLevels]),
 * ]
 */
@Module({ imports: [LogfoldServicesModule] })
export class LogfoldModule extends ConfigurableModuleClass {
  constructor(@Inject(MODULE_OPTIONS_TOKEN) options: LogfoldModuleOptions, services: LogfoldServices) {
    super();
    services.declare(options);
  }

  /**
   * Lists what a module defines. Modules may list the same definition; it runs once. A `@Reaction` class also stands in
   * the `providers` of a module, which is enough where the process has one service. Registries of events are listed when
   * the service appends them without a decider: the relay must know their topics.
   * @param choice the service, where the process has several.
   */
  static forFeature(definitions: readonly Listed[], choice: ServiceChoice = {}): DynamicModule {
    const injectables = definitions
      .filter(isInjectable)
      .flatMap((definition) =>
        (choice.service === undefined ? [{}] : [{}, choice]).map((chosen) => injectable(definition, chosen)),
      );
    const listing: FactoryProvider = {
      provide: Symbol('logfold.feature'),
      inject: [LogfoldServices],
      useFactory: (services: LogfoldServices) => services.add(definitions, choice),
    };
    return {
      module: LogfoldFeatureModule,
      providers: [listing, ...injectables],
      exports: injectables.map(({ provide }) => provide),
    };
  }
}

@Module({ imports: [LogfoldServicesModule] })
class LogfoldFeatureModule {}

type Injectable = Decider | AnyReadModel;

function isInjectable(listed: Listed): listed is Injectable {
  return (
    typeof listed !== 'function' &&
    !isEvents(listed) &&
    (listed.kind === 'decider' || listed.kind === 'read model' || listed.kind === 'sql read model')
  );
}

function injectable(definition: Injectable, choice: ServiceChoice): FactoryProvider {
  return {
    provide: logfoldToken(definition, choice),
    inject: [LogfoldServices],
    useFactory: (services: LogfoldServices) =>
      definition.kind === 'decider'
        ? services.handler(definition, choice)
        : definition.kind === 'read model'
          ? services.rows(definition, choice)
          : services.tables(definition, choice),
  };
}
