import 'reflect-metadata';

import {
  BadRequestException,
  Body,
  type CanActivate,
  Controller,
  type ExecutionContext,
  Get,
  HttpCode,
  Inject,
  Injectable,
  Module,
  type PipeTransform,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type CryptoKey, importJWK, jwtVerify } from 'jose';
import type { AddressInfo } from 'node:net';

import { confirmOrder, type Order, order } from '../order.ts';
import { announce, type PeerSettings, readSettings } from '../settings.ts';
import { type ActorRow, type ActorStore, openActorStore } from '../store.ts';

const STORE = Symbol('actor store');
const KEY = Symbol('public key');

type Authenticated = { headers: { authorization?: string }; actorId: string };

@Injectable()
class OrderPipe implements PipeTransform<unknown, Order> {
  transform(value: unknown): Order {
    const parsed = order.safeParse(value);
    if (!parsed.success) throw new BadRequestException();
    return parsed.data;
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  @Inject(KEY) private readonly key!: CryptoKey;

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<Authenticated>();
    const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
    const verified = await jwtVerify(token, this.key).catch(() => {
      throw new UnauthorizedException();
    });
    request.actorId = verified.payload.sub ?? '';
    return true;
  }
}

@Controller()
class BenchController {
  @Inject(STORE) private readonly actors!: ActorStore;

  @Get('health')
  health(): { status: string } {
    return { status: 'ok' };
  }

  @Post('orders')
  @HttpCode(200)
  create(@Body(OrderPipe) accepted: Order): ReturnType<typeof confirmOrder> {
    return confirmOrder(accepted);
  }

  @Get('me')
  @UseGuards(TokenGuard)
  me(@Req() request: Authenticated): Promise<ActorRow | null> {
    return this.actors.find(request.actorId);
  }
}

const createModule = (settings: PeerSettings, key: CryptoKey | Uint8Array): new () => object => {
  @Module({
    controllers: [BenchController],
    providers: [TokenGuard, { provide: STORE, useValue: openActorStore(settings) }, { provide: KEY, useValue: key }],
  })
  class BenchModule {}
  return BenchModule;
};

const createAdapter = async (name: string | undefined) => {
  if (name === 'fastify') return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
  return new (await import('@nestjs/platform-express')).ExpressAdapter();
};

const settings = readSettings();
const module = createModule(settings, await importJWK(settings.publicKey, 'EdDSA'));
const app = await NestFactory.create(module, await createAdapter(process.argv[2]), { logger: false });
await app.listen(0, '127.0.0.1');
announce((app.getHttpServer().address() as AddressInfo).port);
