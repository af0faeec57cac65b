import { z } from 'zod';

/** The body of the validated POST: every candidate checks the same rules and answers the same JSON. */
export const order = z.object({
  customer: z.string().min(1).max(100),
  email: z.email().max(254),
  quantity: z.int().min(1).max(1000),
  tags: z.array(z.string().max(32)).max(10),
  address: z.object({ city: z.string().min(1).max(100), postcode: z.string().min(3).max(12) }),
});

export type Order = z.output<typeof order>;

export const confirmOrder = (accepted: Order): { customer: string; city: string; quantity: number; tags: number } => ({
  customer: accepted.customer,
  city: accepted.address.city,
  quantity: accepted.quantity,
  tags: accepted.tags.length,
});
