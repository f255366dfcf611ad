import { Global, Module, type MiddlewareConsumer, type NestModule } from '@nestjs/common';
import { APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import { ReactionProviders } from './reaction-providers.js';
import { RequestContextInterceptor, RequestContextMiddleware } from './request-context.http.js';
import { LogfoldRebuilds } from './logfold-rebuilds.js';
import { LogfoldServices } from './services.js';

/**
 * What all services of the process share, made once however often LogfoldModule is imported. Global, so that Nest
 * starts it before and stops it behind every module that uses it.
 */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    LogfoldServices,
    LogfoldRebuilds,
    ReactionProviders,
    { provide: APP_INTERCEPTOR, useClass: RequestContextInterceptor },
  ],
  exports: [LogfoldServices, LogfoldRebuilds],
})
export class LogfoldServicesModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    consumer.apply(RequestContextMiddleware).forRoutes('{*path}');
  }
}
