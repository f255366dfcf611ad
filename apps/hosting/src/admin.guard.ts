import { createHash, timingSafeEqual } from 'node:crypto';
import {
  ForbiddenException,
  Injectable,
  NotFoundException,
  Optional,
  UnauthorizedException,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import type { FastifyRequest } from 'fastify';
import type { HostConfig } from './environment.js';

/** Admin routes: none at all without ADMIN_TOKEN in the environment; else for callers of this machine that know it. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(@Optional() private readonly config?: ConfigService<HostConfig>) {}

  canActivate(execution: ExecutionContext): boolean {
    const { method, url, socket, headers } = execution.switchToHttp().getRequest<FastifyRequest>();
    const token = this.config?.get<string>('ADMIN_TOKEN');
    if (token === undefined) throw new NotFoundException(`Cannot ${method} ${url}`);
    if (!isLoopback(socket.remoteAddress ?? ''))
      throw new ForbiddenException('Admin routes answer on their machine only');
    if (!isSame(headers.authorization ?? '', `Bearer ${token}`))
      throw new UnauthorizedException('Send the token: Authorization: Bearer, and what ADMIN_TOKEN holds');
    return true;
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** In a time that tells nothing of where they differ. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
