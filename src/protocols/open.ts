// How a request says what these types do not list: fields that are newer than they are, or the protocol's own affair.

/**
 * `Known`, and whatever stands beside it. Both halves are needed: an object that is written out may have further fields
 * by the second only, and an interface of another package fits the first only.
 */
export type Open<Known> = Known | (Known & { readonly [field: string]: unknown });
