// #region async
import { LogfoldModule } from '@logfold/nestjs';
import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { Stock, StockLevels } from './stock.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    LogfoldModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        service: 'shop',
        database: config.getOrThrow<string>('DATABASE_URL'),
        run: config.get('LOOPS') === 'off' ? 'nothing' : 'everything',
      }),
    }),
    LogfoldModule.forFeature([Stock, StockLevels]),
  ],
})
export class ConfiguredModule {}
// #endregion
