// What the one that dies has to do; those who come after it do the same.

/** The requests of one run: no other run has them. */
export function requestsOf(run: string, model: string) {
  return {
    items: [0, 1, 2].map((i) => ({ model, prompt: `${run}, item ${i}` })),
    /** Bought beside the batch, by the same model. */
    alone: `${run}, alone`,
  };
}
