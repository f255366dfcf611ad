import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ValidationFailed, type HandleOptions } from '@logfold/core';

/**
 * The version of the stream that a client expects, from the header `If-Match: "7"`, as options for `handle`: a command
 * on another version is then refused with 409. `*` means an existing stream; without the header nothing is expected.
 * @throws ValidationFailed for anything else.
 * @example reserve(@Body({ schema }) body: Body, @IfMatch() options: HandleOptions) { return this.stock.handle(Reserve(body), options); }
 */
export const IfMatch = createParamDecorator((_: undefined, execution: ExecutionContext): HandleOptions => {
  const request = execution.switchToHttp().getRequest<{ headers: Readonly<Record<string, string | undefined>> }>();
  return expectedBy(request.headers['if-match']);
});

function expectedBy(header: string | undefined): HandleOptions {
  if (header === undefined) return {};
  if (header === '*') return { expected: 'exists' };
  const [, quoted, bare] = /^(?:"(\d{1,9})"|(\d{1,9}))$/.exec(header) ?? [];
  const version = quoted ?? bare;
  if (version !== undefined) return { expected: Number(version) };
  throw new ValidationFailed('The header If-Match', [
    { path: ['If-Match'], message: 'must be the version of the stream in quotes, such as "7"' },
  ]);
}
