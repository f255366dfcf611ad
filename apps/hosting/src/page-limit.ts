import { z } from 'zod';

/** How many rows a page of a list has. */
export const PageLimit = z.coerce.number().int().min(1).max(1_000).default(100);
