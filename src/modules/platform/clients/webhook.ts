import { AppError } from '#kernel/error.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Notice } from '../domain/notice.ts';
import { signWebhook } from '../domain/webhook-signature.ts';
import type { AlertingConfig } from '../logic/notices.ts';

type Kernels = Pick<Kernel, 'outbound' | 'secrets' | 'now' | 'release'>;

/** Without a secret of the receiver's own, one that follows from the master key. */
export const webhookKeyOf = ({ secrets }: Pick<Kernel, 'secrets'>, { webhookSecret }: AlertingConfig): string =>
  webhookSecret ?? secrets.derive('alert webhooks').toString('base64url');

type Delivery = {
  readonly url: string;
  readonly key: string;
  /** The same for every attempt. */
  readonly id: string;
  readonly source: string;
  readonly notice: Notice;
  readonly signal: AbortSignal;
};

/** Answers the status. Throws WEBHOOK_FAILED (unavailable: try again), WEBHOOK_REFUSED (it will be again), or as `outbound`. */
export const postWebhook = async (
  { outbound, now, release }: Kernels,
  { url, key, id, source, notice, signal }: Delivery,
): Promise<number> => {
  // `text` is what chat programs show of a message that they do not know.
  const body = JSON.stringify({ id, ...notice, text: `${notice.title}\n${notice.text}`, source, release });
  const { status } = await outbound.request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-ashlar-delivery': id,
      'x-ashlar-signature': signWebhook(key, body, now()),
    },
    body,
    // An operator chose the receiver: it may stand in the same network, or on this machine.
    ranges: ['public', 'private', 'loopback'],
    timeoutMs: 10_000,
    maxBytes: 65_536,
    signal,
  });
  if (status >= 200 && status < 300) return status;
  const isPassing = status === 408 || status === 429 || status >= 500;
  throw new AppError(isPassing ? 'WEBHOOK_FAILED' : 'WEBHOOK_REFUSED', {
    kind: isPassing ? 'unavailable' : 'conflict',
    details: { message: `the webhook at ${new URL(url).origin} answered ${status}`, status },
  });
};
