/** What kafkajs tells of an error, as far as it says why a broker refuses us. */
interface Refusal {
  readonly name?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: unknown;
  readonly message?: string | undefined;
}

const certificateCodes = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ERR_TLS|ERR_SSL|EPROTO/;
const credentialTypes = new Set(['SASL_AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM']);

/** kafkajs gives whatever goes wrong while credentials are exchanged the name of a refusal, also a broker that dies. */
const lostOnTheWay = /Closed connection|Connection (error|timeout|closed)|Failed to connect|Not connected|timed out/;

/** The broker does not let us in with these credentials. */
export function refusesCredentials({ name, type, message = '' }: Refusal): boolean {
  if (credentialTypes.has(type ?? '')) return true;
  return name === 'KafkaJSSASLAuthenticationError' && !lostOnTheWay.test(message);
}

/** TLS does not come about with the certificates as they are. */
export function refusesTls({ code }: Refusal): boolean {
  return typeof code === 'string' && certificateCodes.test(code);
}
