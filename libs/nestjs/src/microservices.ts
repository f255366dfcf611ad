// Existing code with @nestjs/microservices: its handlers run once for each event, its client appends to the log.
export { LogfoldKafka, LOGFOLD_TRANSPORT, type LogfoldKafkaOptions, type LogfoldKafkaStatus } from './logfold-kafka.js';
export { LogfoldContext } from './logfold-context.js';
export { LogfoldClient, type LogfoldClientOptions } from './logfold-client.js';
